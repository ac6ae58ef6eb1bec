//! Settings changed, of a server that runs and of one that is stopped.

use super::Seen;
use super::follow::auto_conf;
use super::stage::{Stage, one};
use super::work::Work;
use crate::action::{Cell, Settings, Step, StopMode};
use crate::engine::ContainerState;
use crate::name::NodeName;
use crate::server::client::literal;
use crate::wait::Probe;

/// See there.
const SET: &str = include_str!("../../images/node/set.sh");

impl Stage<'_> {
    pub(super) async fn set(&self, step: &Step, settings: &Settings) -> Seen {
        let (node, _) = super::target(step)?;
        let state = self.container(node).await?.state;
        if matches!(state, ContainerState::Exited | ContainerState::Dead) {
            return self.set_stopped(step, node, settings).await;
        }
        let client = self.client(node).await?;
        for (name, value) in settings {
            let sql = match value {
                Some(Cell(Some(value))) => {
                    format!("ALTER SYSTEM SET {name} = {}", literal(&boolean(value)))
                }
                _ => format!("ALTER SYSTEM RESET {name}"),
            };
            client.batch_execute(&sql).await?;
        }
        self.reload(step, node).await?;
        let pending = "SELECT string_agg(name, ', ') FROM pg_settings WHERE pending_restart";
        let fresh = self.fresh_client(node).await?;
        let Some(pending) = one(&fresh, pending).await? else {
            return Ok("reloaded".to_owned());
        };
        drop(fresh);
        self.stop_one(node, StopMode::Fast, self.patience(step))
            .await?;
        self.start(step, std::slice::from_ref(node)).await?;
        Ok(format!("restarted, for {pending}"))
    }

    /// Writes what `ALTER SYSTEM` would.
    async fn set_stopped(&self, step: &Step, node: &NodeName, settings: &Settings) -> Seen {
        let lines = settings.iter().filter_map(|(name, value)| match value {
            Some(Cell(Some(value))) => Some((name.as_str(), boolean(value))),
            _ => None,
        });
        let lines: Vec<_> = lines.collect();
        let work = Work {
            node,
            act: format!("writing settings of `{node}`"),
            script: SET,
            arguments: settings.keys().map(ToString::to_string).collect(),
            env: vec![format!("AUTO_CONF={}", auto_conf(&lines))],
            within: self.patience(step),
        };
        self.work(work).await?;
        Ok("written: the server has them when it starts".to_owned())
    }

    /// Has a server read its files again, and returns when a new connection has read them.
    pub(super) async fn reload(&self, step: &Step, node: &NodeName) -> Seen<()> {
        let told =
            "SELECT clock_timestamp()::text || (CASE WHEN pg_reload_conf() THEN '' ELSE '' END)";
        let told = self.ask(node, told).await?.unwrap_or_default();
        let loaded = format!(
            "SELECT pg_conf_load_time() >= {}::timestamptz",
            literal(&told)
        );
        let expected = || format!("`{node}` has read its files");
        self.wait(self.patience(step), expected, || async {
            let fresh = self.fresh_client(node).await?;
            Ok(match one(&fresh, &loaded).await?.as_deref() {
                Some("t") => Probe::Ready(()),
                _ => Probe::NotYet("it has not read them yet".to_owned()),
            })
        })
        .await
    }

    /// A connection that was made just now.
    pub(super) async fn fresh_client(
        &self,
        node: &NodeName,
    ) -> Seen<crate::server::client::Noticing> {
        let container = self.running(node).await?;
        let database = self.lab.plan.database.as_str();
        self.fresh(node, &container, database, crate::server::SUPERUSER)
            .await
    }

    /// What a server says of a setting must be this.
    pub(super) async fn setting_is(
        &self,
        node: &NodeName,
        name: &str,
        wanted: &Cell,
    ) -> Seen<Result<String, String>> {
        let fresh = self.fresh_client(node).await?;
        let shown = one(&fresh, &format!("SHOW {name}"))
            .await?
            .unwrap_or_default();
        let wanted = boolean(wanted.0.as_deref().unwrap_or_default());
        let said = format!(
            "{name} is {}",
            if shown.is_empty() { "empty" } else { &shown }
        );
        Ok(if shown.eq_ignore_ascii_case(&wanted) {
            Ok(said)
        } else {
            Err(said)
        })
    }
}

/// YAML's booleans as settings write them.
fn boolean(value: &str) -> String {
    match value {
        "t" => "on".to_owned(),
        "f" => "off".to_owned(),
        other => other.to_owned(),
    }
}
