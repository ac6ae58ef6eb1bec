//! `sync_state`: which standbys are synchronous.

use super::{AllOf, Look};
use crate::action::check::sync_state::SyncState;
use crate::action::{Cell, Step};
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::server::client::literal;
use crate::wait::Probe;

impl Look for SyncState {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (on, _) = target(step)?;
        let mut seen = AllOf::default();
        for (node, Cell(wanted)) in &self.0 {
            let name = literal(&scene.application_name(node));
            let sql = format!(
                "SELECT sync_state FROM pg_stat_replication WHERE application_name = {name}"
            );
            let found = scene.ask(on, &sql).await?;
            let found = found.unwrap_or_else(|| "not connected".to_owned());
            let is_it = wanted.as_deref() == Some(found.as_str());
            seen.add(is_it, format!("{node}: {found}"));
        }
        Ok(seen.probe())
    }
}
