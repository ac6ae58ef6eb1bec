//! Settings of a running server: read again, and asked for.

use super::Tried;
use super::scene::{Scene, one};
use crate::action::{Cell, Step};
use crate::name::NodeName;
use crate::server::client::literal;
use crate::wait::Probe;

impl Scene<'_> {
    /// Has a server read its files again, and returns when a new connection has read them.
    pub(super) async fn reload(&self, step: &Step, node: &NodeName) -> Tried<()> {
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
    ) -> Tried<crate::server::client::Noticing> {
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
    ) -> Tried<Result<String, String>> {
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
pub(super) fn boolean(value: &str) -> String {
    match value {
        "t" => "on".to_owned(),
        "f" => "off".to_owned(),
        other => other.to_owned(),
    }
}
