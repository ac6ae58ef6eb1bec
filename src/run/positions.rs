//! How far servers have come, and whom they follow.

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::name::NodeName;
use crate::server::catalog::TIMELINE;
use crate::server::client::literal;

impl Scene<'_> {
    /// Whether a server replays another's WAL.
    pub(super) async fn recovers(&self, node: &NodeName) -> Tried<bool> {
        let recovers = self.ask(node, "SELECT pg_is_in_recovery()").await?;
        Ok(recovers.as_deref() == Some("t"))
    }

    /// The timeline that a server is on.
    pub(super) async fn timeline(&self, node: &NodeName) -> Tried<String> {
        Ok(self
            .ask(node, &format!("SELECT {TIMELINE}"))
            .await?
            .unwrap_or_default())
    }

    /// The subscriptions of a node that are enabled, each with the node that it connects to.
    pub(super) async fn subscriptions(&self, node: &NodeName) -> Tried<Vec<(String, NodeName)>> {
        let sql = "SELECT string_agg(subname || ' ' || coalesce(substring(subconninfo FROM 'host=''?([a-z0-9_]+)'), ''), ',' ORDER BY subname) \
            FROM pg_subscription WHERE subenabled AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let found = self.ask(node, sql).await?.unwrap_or_default();
        let pairs = found.split(',').filter_map(|pair| pair.split_once(' '));
        let known =
            pairs.filter_map(|(name, host)| Some((name.to_owned(), self.node_called(host)?)));
        Ok(known.collect())
    }

    /// How far a node has written, or as a standby replayed.
    pub(super) async fn written_by(&self, node: &NodeName) -> Tried {
        let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END";
        Ok(literal(&self.ask(node, sql).await?.unwrap_or_default()))
    }

    /// The primary that a standby's log comes from now.
    pub(super) async fn primary_of(&self, node: &NodeName) -> Tried<NodeName> {
        let mut at = node.clone();
        for _ in 0..self.lab.plan.nodes.len() {
            if !self.recovers(&at).await? {
                return Ok(at);
            }
            let host = self
                .ask(&at, "SELECT sender_host FROM pg_stat_wal_receiver")
                .await?;
            let Some(upstream) = host.as_deref().and_then(|host| self.node_called(host)) else {
                let found = format!("`{at}` streams from nobody");
                let expected = format!("a primary that `{node}` streams from");
                return Err(Wrong::Unmet { expected, found });
            };
            at = upstream;
        }
        Err(Wrong::failed(format!(
            "`{node}` has no primary: its upstreams go round in a circle"
        )))
    }

    pub(super) fn node_called(&self, host: &str) -> Option<NodeName> {
        let mut nodes = self.lab.plan.nodes.iter();
        nodes
            .find(|node| node.name.as_str() == host)
            .map(|node| node.name.clone())
    }
}
