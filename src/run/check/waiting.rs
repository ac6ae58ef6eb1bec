//! `waiting`: processes that wait.

use super::Look;
use crate::action::Step;
use crate::action::check::waiting::Waiting;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::server::activity;
use crate::wait::Probe;

impl Look for Waiting {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let reader = scene.client(node).await?;
        let found = activity::waiter(&reader, &self.event, self.backend.as_deref()).await?;
        Ok(match found {
            Some(found) => Probe::Ready(found.to_string()),
            None => Probe::NotYet(format!("no process on `{node}` waits for {}", self.event)),
        })
    }
}
