//! Settings of a running server: reload and read.

use super::Tried;
use super::scene::{Scene, one};
use crate::action::{Cell, Step};
use crate::name::NodeName;
use crate::server::client::Reader;
use crate::server::client::SearchPath;
use crate::server::in_force;
use crate::wait::Probe;

impl Scene<'_> {
    /// Reloads a server and returns when new connections see the new settings.
    pub(super) async fn reload(&self, step: &Step, node: &NodeName) -> Tried<()> {
        let reload = in_force::reload(&*self.client(node).await?).await?;
        let expected = || format!("`{node}` has reloaded its settings");
        self.wait(self.patience(step), expected, || async {
            let fresh = self.fresh_reader(node).await?;
            Ok(if in_force::has_loaded(&fresh, &reload).await? {
                Probe::Ready(())
            } else {
                Probe::NotYet("it has not read them yet".to_owned())
            })
        })
        .await
    }

    /// A new connection that reads a server.
    pub(super) async fn fresh_reader(&self, node: &NodeName) -> Tried<Reader> {
        let container = self.running(node).await?;
        let database = &self.lab.plan.database;
        self.own_reader(node, &container, database.as_str(), SearchPath::Users)
            .await
    }

    /// Looks whether a setting has a value.
    pub(super) async fn setting_is(
        &self,
        node: &NodeName,
        name: &str,
        wanted: &Cell,
    ) -> Tried<Probe<String>> {
        let database = &self.lab.plan.database;
        let fresh = self.connection(node, database, (None, None), None).await?;
        let shown = one(&fresh, &format!("SHOW {name}")).await;
        fresh.close().await;
        let shown = shown?.unwrap_or_default();
        let wanted = boolean(wanted.0.as_deref().unwrap_or_default());
        let said = format!(
            "{name} is {}",
            if shown.is_empty() { "empty" } else { &shown }
        );
        Ok(if shown.eq_ignore_ascii_case(&wanted) {
            Probe::Ready(said)
        } else {
            Probe::NotYet(said)
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
