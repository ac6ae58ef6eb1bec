//! `synced`: whether the tables of subscriptions are copied and follow.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::synced::Synced;
use crate::name::NodeName;
use crate::run::scene::Scene;
use crate::run::{Tried, Wrong};
use crate::server::subscriptions::{self, Subscription};
use crate::wait::Probe;

impl Look for Synced {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let asked = Instant::now();
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
            match idle(scene, &self.node, one, asked).await? {
                Some(why) => seen.add(false, format!("{said}, {why}")),
                None => seen.add(unready == 0, said),
            }
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

/// Why it is not certain that a subscription follows. `None` if it does.
async fn idle(
    scene: &Scene<'_>,
    node: &NodeName,
    one: &Subscription,
    asked: Instant,
) -> Tried<Option<String>> {
    if !one.is_enabled {
        return Ok(Some("it is disabled".to_owned()));
    }
    if !one.is_applied {
        return Ok(Some("its worker is not running".to_owned()));
    }
    if !one.stays_applied() {
        return Ok(Some("its worker has only just started".to_owned()));
    }
    // A publisher outside the lab is not asked.
    let Ok(publisher) = scene.publisher(node, one).await else {
        return Ok(None);
    };
    let progress = match scene.progress(&publisher, one).await {
        Err(Wrong::Interrupted) => return Err(Wrong::Interrupted),
        Err(wrong) => return Ok(Some(wrong.to_string())),
        Ok(progress) => progress,
    };
    let applied_for = one.applied_for.unwrap_or_default();
    match (&one.slot, progress) {
        (None, _) => Ok(Some("it has no slot: `slot_name = NONE`".to_owned())),
        (Some(slot), None) => Ok(Some(format!(
            "its slot `{slot}` is gone from `{publisher}`"
        ))),
        (Some(_), Some(progress)) => match progress.unserved(applied_for, asked.elapsed()) {
            Some(why) => Ok(Some(format!("{why} on `{publisher}`"))),
            None => scene.unrefreshed(&publisher, one).await,
        },
    }
}
