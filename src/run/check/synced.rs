//! `synced`: whether the tables of subscriptions are copied and follow.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::synced::Synced;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::server::subscriptions;
use crate::wait::Probe;

impl Look for Synced {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let database = step.database.as_ref().unwrap_or(&scene.lab.plan.database);
        let reader = scene.reader(&self.node, database).await?;
        let mut found = subscriptions::subscriptions(&reader).await?;
        if let Some(only) = &self.subscription {
            found.retain(|found| found.name == only.as_str());
        }
        if found.is_empty() {
            return Ok(Probe::NotYet(match &self.subscription {
                Some(name) => format!("`{}` has no subscription `{name}`", self.node),
                None => format!("`{}` has no subscription", self.node),
            }));
        }
        let mut seen = AllOf::default();
        for one in &found {
            let (tables, unready) = (one.tables.len(), one.unready().count());
            let said = format!(
                "{}: {} of {tables} tables ready",
                one.name,
                tables - unready
            );
            if one.is_applied {
                seen.add(unready == 0, said);
            } else {
                seen.add(false, format!("{said}, its worker is not running"));
            }
        }
        Ok(seen.probe())
    }
}
