//! What servers are and have: roles, timelines, slots, files.

use super::super::stage::Stage;
use super::super::{Seen, stage};
use super::{Looked, failed};
use crate::action::{Cell, Conflicts, FileCheck, SlotCheck, StateOf, Step, Waiting};
use crate::engine::ContainerState;
use crate::name::NodeName;
use crate::server::catalog::TIMELINE;
use crate::server::client::literal;
use crate::wait::Probe;

impl Stage<'_> {
    /// Whether each node is in the state that is wanted of it.
    pub(super) async fn states<'s>(
        &'s self,
        wanted: &'s StateOf,
        ask: impl AsyncFn(&'s Self, &'s NodeName) -> Seen<String>,
    ) -> Seen<Probe<String>> {
        let mut seen = Looked::default();
        for (node, Cell(wanted)) in wanted {
            let found = ask(self, node).await?;
            let is_it = wanted.as_deref() == Some(found.as_str());
            let said = format!("{node}: {found}");
            seen.add(is_it, said);
        }
        Ok(seen.probe())
    }

    /// What nodes are. Whether one is down or frozen its container tells, and its server what it is.
    pub(super) async fn roles(&self, wanted: &StateOf) -> Seen<Probe<String>> {
        let mut seen = Looked::default();
        for (node, Cell(wanted)) in wanted {
            let found = match wanted.as_deref() {
                Some("down" | "frozen") => match self.container(node).await?.state {
                    ContainerState::Running => "up".to_owned(),
                    ContainerState::Paused => "frozen".to_owned(),
                    _ => "down".to_owned(),
                },
                _ => self.role(node).await?,
            };
            let is_it = wanted.as_deref() == Some(found.as_str());
            seen.add(is_it, format!("{node}: {found}"));
        }
        Ok(seen.probe())
    }

    pub(super) async fn role(&self, node: &NodeName) -> Seen<String> {
        let recovers = self.ask(node, "SELECT pg_is_in_recovery()").await?;
        let role = if recovers.as_deref() == Some("t") {
            "standby"
        } else {
            "primary"
        };
        Ok(role.to_owned())
    }

    pub(in crate::run) async fn timeline(&self, node: &NodeName) -> Seen<String> {
        Ok(self
            .ask(node, &format!("SELECT {TIMELINE}"))
            .await?
            .unwrap_or_default())
    }

    pub(super) async fn sync_states(&self, on: &NodeName, wanted: &StateOf) -> Seen<Probe<String>> {
        self.states(wanted, async |stage: &Self, node: &NodeName| {
            let name = literal(&stage.application_name(node));
            let sql = format!(
                "SELECT sync_state FROM pg_stat_replication WHERE application_name = {name}"
            );
            let state = stage.ask(on, &sql).await?;
            Ok(state.unwrap_or_else(|| "not connected".to_owned()))
        })
        .await
    }

    pub(super) async fn slot_is(&self, node: &NodeName, wanted: &SlotCheck) -> Seen<Probe<String>> {
        let name = wanted.name.as_str();
        let sql = format!(
            "SELECT to_jsonb(s) FROM pg_replication_slots AS s WHERE slot_name = {}",
            literal(name)
        );
        let Some(found) = self.ask(node, &sql).await? else {
            return Ok(Probe::NotYet(format!("`{node}` has no slot `{name}`")));
        };
        let found: serde_json::Value = serde_json::from_str(&found).unwrap_or_default();
        let pairs = [
            ("active", wanted.active.map(|value| value.to_string())),
            ("wal_status", wanted.wal_status.clone()),
            ("invalidation_reason", wanted.invalidation_reason.clone()),
            ("synced", wanted.synced.map(|value| value.to_string())),
        ];
        let mut seen = Looked::default();
        seen.add(true, format!("slot {name}"));
        for (key, wanted) in pairs {
            let Some(wanted) = wanted else { continue };
            let value = match &found[key] {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => "none".to_owned(),
                other => other.to_string(),
            };
            let said = format!("{key} {value}");
            seen.add(value == wanted, said);
        }
        Ok(seen.probe())
    }

    pub(super) async fn waiting(&self, node: &NodeName, wanted: &Waiting) -> Seen<Probe<String>> {
        let backend = wanted.backend.as_ref().map_or_else(String::new, |kind| {
            format!(" AND backend_type = {}", literal(kind))
        });
        let event = literal(&wanted.event);
        let sql = format!(
            "SELECT backend_type || ' ' || pid || ': ' || wait_event_type || ': ' || wait_event FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND (wait_event ILIKE {event} OR wait_event_type ILIKE {event}){backend} LIMIT 1"
        );
        Ok(match self.ask(node, &sql).await? {
            Some(found) => Probe::Ready(found),
            None => Probe::NotYet(format!("nobody on `{node}` waits for {}", wanted.event)),
        })
    }

    /// Counts of conflicts: a standby's by their kind, a subscriber's by their column.
    pub(super) async fn conflicts(&self, step: &Step, wanted: &Conflicts) -> Seen<Probe<String>> {
        let (node, _) = super::super::target(step)?;
        let sql = "SELECT coalesce((SELECT to_jsonb(c) FROM pg_stat_database_conflicts AS c WHERE datname = current_database()), '{}') \
            || coalesce((SELECT jsonb_object_agg(key, total) FROM \
               (SELECT key, sum(value::text::numeric) AS total FROM pg_stat_subscription_stats AS s, jsonb_each(to_jsonb(s)) \
                WHERE jsonb_typeof(value) = 'number' GROUP BY key) AS t), '{}')";
        let found = self.ask(node, sql).await?.unwrap_or_default();
        let found: serde_json::Value = serde_json::from_str(&found).unwrap_or_default();
        let mut seen = Looked::default();
        for (kind, least) in wanted {
            let key = kind.as_str();
            let count = found.get(format!("confl_{key}")).or_else(|| found.get(key));
            let Some(count) = count.and_then(serde_json::Value::as_u64) else {
                return Err(failed(format!(
                    "this server counts no conflicts of the kind `{key}`"
                )));
            };
            seen.add(count >= *least, format!("{key}: {count}"));
        }
        Ok(seen.probe())
    }

    pub(super) async fn file(&self, node: &NodeName, wanted: &FileCheck) -> Seen<Probe<String>> {
        let path = literal(&wanted.path);
        let client = self.client(node).await?;
        let size = stage::one(
            &client,
            &format!("SELECT size FROM pg_stat_file({path}, true)"),
        )
        .await?;
        let Some(size) = size else {
            return Ok(Probe::NotYet(format!(
                "`{node}` has no file `{}`",
                wanted.path
            )));
        };
        let there = format!("{}: {size} bytes", wanted.path);
        let Some(has) = &wanted.has else {
            return Ok(Probe::Ready(there));
        };
        let text = stage::one(&client, &format!("SELECT pg_read_file({path}, 0, 1048576)")).await?;
        let text = text.unwrap_or_default();
        let line = text.lines().find(|line| line.contains(has.as_str()));
        Ok(match line {
            _ if has.is_empty() && text.is_empty() => {
                Probe::Ready(format!("{}: empty", wanted.path))
            }
            _ if has.is_empty() => Probe::NotYet(format!("{there}, not empty")),
            Some(line) => Probe::Ready(line.to_owned()),
            None => Probe::NotYet(format!("{there}, none of its lines has it")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::Engine;
    use crate::name::NodeName;
    use crate::run::{Wrong, stopped};

    #[tokio::test(start_paused = true)]
    async fn what_is_down_and_what_is_frozen_the_container_tells() {
        let lab = stopped::lab("p: {}, r: { standby_of: p }").await;
        let Engine::Fake(fake) = &lab.engine else {
            unreachable!("the lab is in memory")
        };
        let cancel = CancellationToken::new();
        let second = Duration::from_secs(1);
        let stage = Stage::new(&lab, second, &cancel, second);
        let look = async |role: &str| {
            let node = NodeName::new("r").expect("a name");
            let wanted = StateOf::from([(node, Cell(Some(role.to_owned())))]);
            stage.roles(&wanted).await
        };
        let ready = |seen: &str| Probe::Ready(seen.to_owned());
        let not_yet = |seen: &str| Probe::NotYet(seen.to_owned());
        // Any other question to a node that is down is answered with that at once.
        assert_eq!(look("down").await.expect("a look"), ready("r: down"));
        assert_eq!(look("frozen").await.expect("a look"), not_yet("r: down"));
        assert!(matches!(look("standby").await, Err(Wrong::Failed(_))));
        fake.engine()
            .start_container("lab-a-r")
            .await
            .expect("started");
        assert_eq!(look("down").await.expect("a look"), not_yet("r: up"));
        assert_eq!(look("frozen").await.expect("a look"), not_yet("r: up"));
        fake.engine()
            .pause_container("lab-a-r")
            .await
            .expect("frozen");
        assert_eq!(look("down").await.expect("a look"), not_yet("r: frozen"));
        assert_eq!(look("frozen").await.expect("a look"), ready("r: frozen"));
        assert!(matches!(look("standby").await, Err(Wrong::Frozen(_))));
    }
}
