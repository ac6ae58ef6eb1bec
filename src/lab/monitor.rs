//! How far each downstream is behind, in bytes and in time: what the servers themselves measure.
//!
//! Every connection and slot that a node has is shown, planned or not, and what was planned and is not there besides.

use futures_util::future::join_all;
use serde::Serialize;
use tokio_postgres::{Client, Row};

use crate::name::NodeName;
use crate::server::client::words;

use super::Lab;

/// How one downstream is doing, as its upstream sees it (manual, 27.2.4 and 54.19).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeStatus {
    /// The node that sends.
    pub upstream: String,
    /// The node that receives, where the plan knows it by what it calls itself or by its slot.
    pub downstream: Option<String>,
    /// What it calls itself: `application_name`.
    pub name: Option<String>,
    /// `physical` or `logical`; absent where neither a slot nor the plan tells.
    pub kind: Option<String>,
    /// `streaming`, `catchup`, …; absent when nobody is connected.
    pub state: Option<String>,
    /// `async`, `potential`, `sync` or `quorum`.
    pub sync_state: Option<String>,
    /// Bytes of the upstream's log that were not sent yet.
    pub sent_lag_bytes: Option<i64>,
    /// Bytes that the downstream has not written to its disk's cache.
    pub write_lag_bytes: Option<i64>,
    /// Bytes that it has not made durable.
    pub flush_lag_bytes: Option<i64>,
    /// Bytes that it has not applied.
    pub replay_lag_bytes: Option<i64>,
    /// Milliseconds from a recent commit to the news of its being written there. PostgreSQL forgets it where nothing
    /// is written.
    pub write_lag_ms: Option<f64>,
    /// The same until it was durable there.
    pub flush_lag_ms: Option<f64>,
    /// The same until it was applied there.
    pub replay_lag_ms: Option<f64>,
    /// The slot.
    pub slot: Option<String>,
    /// Whether the slot is in use.
    pub slot_active: Option<bool>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<String>,
    /// Bytes of log that are kept for the slot.
    pub retained_bytes: Option<i64>,
}

/// A look at all edges of a lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Monitor {
    /// The lab's name.
    pub lab: String,
    /// Every edge, upstreams first.
    pub edges: Vec<EdgeStatus>,
    /// Nodes that could not be asked, and why.
    pub problems: Vec<String>,
}

impl Monitor {
    /// Whether every downstream that was planned is connected and streams.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        let mut planned = self.edges.iter().filter(|edge| edge.downstream.is_some());
        planned.all(|edge| edge.state.as_deref() == Some("streaming"))
    }
}

/// What every connection and slot of a server is doing. Bytes are counted from where the log is now: on a standby, which
/// sends what it has received, that may be beyond what it has replayed.
const EDGES: &str = "\
SELECT r.application_name, s.slot_type,
       r.state, r.sync_state,
       pg_wal_lsn_diff(c.now, r.sent_lsn)::bigint, pg_wal_lsn_diff(c.now, r.write_lsn)::bigint,
       pg_wal_lsn_diff(c.now, r.flush_lsn)::bigint, pg_wal_lsn_diff(c.now, r.replay_lsn)::bigint,
       (extract(epoch FROM r.write_lag) * 1000)::float8, (extract(epoch FROM r.flush_lag) * 1000)::float8,
       (extract(epoch FROM r.replay_lag) * 1000)::float8,
       s.slot_name::text, s.active, s.wal_status, pg_wal_lsn_diff(c.now, s.restart_lsn)::bigint
FROM pg_replication_slots AS s
FULL JOIN pg_stat_replication AS r ON r.pid = s.active_pid
CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
        ELSE pg_current_wal_lsn() END AS now) AS c
ORDER BY coalesce(r.application_name, s.slot_name)";

impl Lab {
    /// Looks at every edge once.
    pub async fn monitor(&self) -> Monitor {
        let looks = self.nodes().map(|(node, container)| async move {
            let client = self.reach(node, container).await;
            let edges = match client {
                Ok(client) => edges(&client).await,
                Err(why) => Err(why),
            };
            (&node.name, edges)
        });
        let mut monitor = Monitor {
            lab: self.plan.lab.to_string(),
            edges: Vec::new(),
            problems: Vec::new(),
        };
        for (node, looked) in join_all(looks).await {
            match looked {
                Ok(edges) => monitor.edges.extend(self.named(node, edges)),
                Err(why) => {
                    monitor.problems.push(format!("{node}: {why}"));
                    monitor.edges.extend(self.named(node, Vec::new()));
                }
            }
        }
        monitor
    }

    /// The edges of a node with their downstreams' names, and those that were planned and are not there.
    fn named(&self, node: &NodeName, mut edges: Vec<EdgeStatus>) -> Vec<EdgeStatus> {
        for edge in &mut edges {
            edge.upstream = node.to_string();
        }
        for planned in self.planned(node) {
            let is_it = |edge: &&mut EdgeStatus| {
                (edge.slot.is_some() && edge.slot == planned.slot)
                    || (edge.name.is_some() && edge.name == planned.name)
            };
            match edges.iter_mut().find(is_it) {
                Some(edge) => {
                    edge.downstream = planned.downstream;
                    edge.kind = edge.kind.take().or(planned.kind);
                    edge.name = edge.name.take().or(planned.name);
                }
                None => edges.push(planned),
            }
        }
        edges
    }

    /// The edges that a node was meant to have, with nothing known of them.
    fn planned(&self, node: &NodeName) -> Vec<EdgeStatus> {
        let physical = self.plan.standbys_of(node).map(|(standby, edge)| {
            let slot = edge.slot.as_ref().map(ToString::to_string);
            blank(
                node,
                &standby.name,
                edge.application_name.as_str(),
                "physical",
                slot,
            )
        });
        let logical = self
            .plan
            .subscriptions()
            .filter(|(_, edge)| edge.upstream == *node);
        let logical = logical.map(|(subscriber, edge)| {
            let slot = Some(edge.slot.to_string());
            blank(node, &subscriber.name, edge.name.as_str(), "logical", slot)
        });
        physical.chain(logical).collect()
    }
}

fn blank(
    upstream: &NodeName,
    downstream: &NodeName,
    name: &str,
    kind: &str,
    slot: Option<String>,
) -> EdgeStatus {
    EdgeStatus {
        upstream: upstream.to_string(),
        downstream: Some(downstream.to_string()),
        name: Some(name.to_owned()),
        kind: Some(kind.to_owned()),
        state: None,
        sync_state: None,
        sent_lag_bytes: None,
        write_lag_bytes: None,
        flush_lag_bytes: None,
        replay_lag_bytes: None,
        write_lag_ms: None,
        flush_lag_ms: None,
        replay_lag_ms: None,
        slot,
        slot_active: None,
        wal_status: None,
        retained_bytes: None,
    }
}

async fn edges(client: &Client) -> Result<Vec<EdgeStatus>, String> {
    let rows = client.query(EDGES, &[]).await.map_err(words)?;
    Ok(rows.iter().map(edge).collect())
}

fn edge(row: &Row) -> EdgeStatus {
    EdgeStatus {
        upstream: String::new(),
        downstream: None,
        name: row.get(0),
        kind: row.get(1),
        state: row.get(2),
        sync_state: row.get(3),
        sent_lag_bytes: row.get(4),
        write_lag_bytes: row.get(5),
        flush_lag_bytes: row.get(6),
        replay_lag_bytes: row.get(7),
        write_lag_ms: row.get(8),
        flush_lag_ms: row.get(9),
        replay_lag_ms: row.get(10),
        slot: row.get(11),
        slot_active: row.get(12),
        wal_status: row.get(13),
        retained_bytes: row.get(14),
    }
}
