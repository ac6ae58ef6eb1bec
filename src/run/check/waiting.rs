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
        let (event, backend) = (self.event.as_str(), self.backend.as_deref());
        let look = || activity::waiters(&reader, event, backend);
        let found = scene.lasting(step, look).await?;
        Ok(match found {
            Some(found) => Probe::Ready(found.to_string()),
            None => Probe::NotYet(format!("no process on `{node}` stays waiting for {event}")),
        })
    }
}
