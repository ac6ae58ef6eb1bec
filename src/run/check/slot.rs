//! `slot`: a replication slot.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::slot::Slot;
use crate::name::NodeName;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::server::slots;
use crate::wait::Probe;

impl Look for Slot {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let name = self.name.as_str();
        let slots = slots::slots(&*scene.client(node).await?).await?;
        let found = slots::named(&slots, name);
        let synced = found.and_then(|found| found.column("synced"));
        if self.synced == Some(true) && synced.as_deref() != Some("true") {
            wake(scene, node).await?;
        }
        let Some(found) = found else {
            return Ok(Probe::NotYet(format!("`{node}` has no slot `{name}`")));
        };
        let mut seen = AllOf::default();
        seen.add(true, format!("slot {name}"));
        for (column, wanted) in self.columns() {
            let value = found.column(column).unwrap_or_else(|| "none".to_owned());
            let why = (column == "synced").then(|| found.unready()).flatten();
            let why = why.map_or_else(String::new, |why| format!(" ({why})"));
            let said = format!("{column} {value}{why}");
            seen.add(value == wanted, said);
        }
        Ok(seen.probe())
    }
}

/// Wakes the server. After an error the worker that copies slots rests for ten seconds, but who starts it again sleeps up to a
/// minute on a server that nobody connects to (`DetermineSleepTime` in `src/backend/postmaster/postmaster.c`).
async fn wake(scene: &Scene<'_>, node: &NodeName) -> Tried<()> {
    scene.fresh_reader(node).await?.close().await;
    Ok(())
}
