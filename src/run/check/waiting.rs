//! `waiting`: processes that wait.

use super::Look;
use crate::action::Step;
use crate::action::check::waiting::Waiting;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::server::client::literal;
use crate::wait::Probe;

impl Look for Waiting {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let backend = self.backend.as_ref().map_or_else(String::new, |kind| {
            format!(" AND backend_type = {}", literal(kind))
        });
        let event = literal(&self.event);
        let sql = format!(
            "SELECT backend_type || ' ' || pid || ': ' || wait_event_type || ': ' || wait_event FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND (wait_event ILIKE {event} OR wait_event_type ILIKE {event}){backend} LIMIT 1"
        );
        Ok(match scene.ask(node, &sql).await? {
            Some(found) => Probe::Ready(found),
            None => Probe::NotYet(format!("nobody on `{node}` waits for {}", self.event)),
        })
    }
}
