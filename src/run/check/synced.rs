//! `synced`: whether the tables of subscriptions are copied and follow.

use std::collections::BTreeSet;

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::synced::Synced;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::server::subscriptions::{self, Subscription};
use crate::wait::Probe;

impl Look for Synced {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let found = self.found(scene, step).await?;
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
            if one.stays_applied() {
                seen.add(unready == 0, said);
                continue;
            }
            let why = if !one.is_enabled {
                "it is disabled"
            } else if one.is_applied {
                "its worker has failed and was started again"
            } else {
                "its worker is not running"
            };
            seen.add(false, format!("{said}, {why}"));
        }
        Ok(seen.probe())
    }
}

impl Synced {
    /// The subscriptions that are meant, with their tables.
    async fn found(&self, scene: &Scene<'_>, step: &Step) -> Tried<Vec<Subscription>> {
        let databases: BTreeSet<String> = if let Some(database) = &step.database {
            [database.to_string()].into()
        } else {
            let found = scene.subscriptions(&self.node).await?;
            found.into_iter().map(|found| found.database).collect()
        };
        let mut all = Vec::new();
        for database in databases {
            let reader = scene.reader(&self.node, &database).await?;
            all.extend(subscriptions::subscriptions(&reader).await?);
        }
        if let Some(only) = &self.subscription {
            all.retain(|found| found.name == only.as_str());
        }
        Ok(all)
    }
}
