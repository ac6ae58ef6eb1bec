//! `conflict`: conflicts that a server has counted: of a standby by kind, of a subscriber by column.

use super::{AllOf, Look, failed};
use crate::action::Step;
use crate::action::check::conflict::Conflict;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::server::conflicts;
use crate::wait::Probe;

impl Look for Conflict {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let counts = conflicts::conflicts(&*scene.client(node).await?).await?;
        let mut seen = AllOf::default();
        for (kind, least) in &self.0 {
            let key = kind.as_str();
            let Some(count) = counts.of(key) else {
                return Err(failed(format!(
                    "this server counts no conflicts of the kind `{key}`"
                )));
            };
            seen.add(count >= *least, format!("{key}: {count}"));
        }
        Ok(seen.probe())
    }
}
