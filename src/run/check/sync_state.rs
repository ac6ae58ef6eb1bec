//! `sync_state`: which standbys are synchronous.

use super::{AllOf, Look};
use crate::action::check::sync_state::SyncState;
use crate::action::{Cell, Step};
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::server::replication;
use crate::wait::Probe;

impl Look for SyncState {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (on, _) = target(step)?;
        let senders = replication::senders(&*scene.client(on).await?).await?;
        let mut seen = AllOf::default();
        for (node, Cell(wanted)) in &self.0 {
            let name = scene.application_name(node);
            let state = replication::to_standby(&senders, &name).next();
            let state = state.and_then(|sender| sender.sync_state);
            let found = state.map_or_else(|| "not connected".to_owned(), |state| state.to_string());
            let is_it = wanted.as_deref() == Some(found.as_str());
            seen.add(is_it, format!("{node}: {found}"));
        }
        Ok(seen.probe())
    }
}
