//! The lag of each downstream in bytes and in time, as the servers measure it.
//!
//! Every connection and slot of a node is shown, planned or not, and so is every planned one that is missing.

use futures_util::future::join_all;
use serde::Serialize;

use crate::name::NodeName;
use crate::server::client::Reader;
use crate::server::replication::{self, Sender, SenderState, SyncState};
use crate::server::server_error::ServerError;
use crate::server::slots::{self, Slot, SlotKind, WalStatus};
use crate::text::chain;

use super::Lab;
use super::status::Unasked;

/// One downstream, as its upstream sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeStatus {
    /// The node that sends.
    pub upstream: String,
    /// The node that receives, if the plan knows its `application_name` or its slot.
    pub downstream: Option<String>,
    /// Its `application_name`.
    pub name: Option<String>,
    /// `physical` or `logical`; absent if neither a slot nor the plan tells.
    pub kind: Option<SlotKind>,
    /// `streaming`, `catchup`, …; absent when nobody is connected.
    pub state: Option<SenderState>,
    /// `async`, `potential`, `sync` or `quorum`.
    pub sync_state: Option<SyncState>,
    /// Bytes of the upstream's WAL that were not sent yet.
    pub sent_lag_bytes: Option<i64>,
    /// Bytes that the downstream has not written yet.
    pub write_lag_bytes: Option<i64>,
    /// Bytes that it has not flushed to disk yet.
    pub flush_lag_bytes: Option<i64>,
    /// Bytes that it has not replayed or applied yet.
    pub replay_lag_bytes: Option<i64>,
    /// `write_lag` in milliseconds: from a recent flush on the upstream until the downstream reported its write.
    /// PostgreSQL clears it when nothing is written.
    pub write_lag_ms: Option<f64>,
    /// `flush_lag` in milliseconds.
    pub flush_lag_ms: Option<f64>,
    /// `replay_lag` in milliseconds.
    pub replay_lag_ms: Option<f64>,
    /// The slot.
    pub slot: Option<String>,
    /// Whether the slot is in use.
    pub slot_active: Option<bool>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<WalStatus>,
    /// Bytes of WAL that the slot retains.
    pub retained_bytes: Option<i64>,
}

/// The state of all edges of a lab at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Monitor {
    /// The lab's name.
    pub lab: String,
    /// The edges, upstreams first.
    pub edges: Vec<EdgeStatus>,
    /// The nodes that could not be asked, and why.
    pub problems: Vec<String>,
}

impl Monitor {
    /// Whether every downstream that was planned is connected and streams.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        let mut planned = self.edges.iter().filter(|edge| edge.downstream.is_some());
        planned.all(|edge| edge.state == Some(SenderState::Streaming))
    }
}

impl EdgeStatus {
    /// The sort key.
    fn shown_name(&self) -> Option<&str> {
        self.name.as_deref().or(self.slot.as_deref())
    }

    /// Adds the downstream that was planned.
    fn is_meant(&mut self, planned: Self) {
        self.downstream = planned.downstream;
        self.kind = self.kind.take().or(planned.kind);
        self.name = self.name.take().or(planned.name);
    }
}

impl Lab {
    /// Reads the state of every edge once.
    pub async fn monitor(&self) -> Monitor {
        let looks = self.nodes().map(|(node, container)| async move {
            let client = self.reach(node, container).await;
            let edges = match client {
                Ok(reader) => edges(&reader).await.map_err(Unasked::from),
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
                    monitor.problems.push(format!("{node}: {}", chain(&why)));
                    monitor.edges.extend(self.named(node, Vec::new()));
                }
            }
        }
        monitor
    }

    /// The edges of a node with their downstreams' names, including planned edges that are missing.
    fn named(&self, node: &NodeName, mut edges: Vec<EdgeStatus>) -> Vec<EdgeStatus> {
        for edge in &mut edges {
            edge.upstream = node.to_string();
        }
        matched(edges, self.planned(node))
    }

    /// The planned edges of a node, without any state.
    fn planned(&self, node: &NodeName) -> Vec<EdgeStatus> {
        let physical = self.plan.standbys_of(node).map(|(standby, edge)| {
            let slot = edge.slot.as_ref().map(ToString::to_string);
            blank(
                node,
                &standby.name,
                edge.application_name.as_str(),
                SlotKind::Physical,
                slot,
            )
        });
        let logical = self
            .plan
            .subscriptions()
            .filter(|(_, edge)| edge.upstream == *node);
        let logical = logical.map(|(subscriber, edge)| {
            let slot = Some(edge.slot.to_string());
            blank(
                node,
                &subscriber.name,
                edge.name.as_str(),
                SlotKind::Logical,
                slot,
            )
        });
        physical.chain(logical).collect()
    }
}

/// The edges with the downstreams that were planned: by slot, or else by name, which two subscriptions and a standby may
/// share. A planned one that is missing is added.
fn matched(mut edges: Vec<EdgeStatus>, planned: Vec<EdgeStatus>) -> Vec<EdgeStatus> {
    let by_slot =
        |edge: &EdgeStatus, planned: &EdgeStatus| edge.slot.is_some() && edge.slot == planned.slot;
    let by_name = |edge: &EdgeStatus, planned: &EdgeStatus| {
        let is_logical = |edge: &EdgeStatus| edge.kind == Some(SlotKind::Logical);
        edge.downstream.is_none()
            && edge.name.is_some()
            && edge.name == planned.name
            && is_logical(edge) == is_logical(planned)
    };
    let mut missing = Vec::new();
    for wanted in planned {
        match edges.iter_mut().find(|edge| by_slot(edge, &wanted)) {
            Some(edge) => edge.is_meant(wanted),
            None => missing.push(wanted),
        }
    }
    for wanted in missing {
        match edges.iter_mut().find(|edge| by_name(edge, &wanted)) {
            Some(edge) => edge.is_meant(wanted),
            None => edges.push(wanted),
        }
    }
    edges
}

fn blank(
    upstream: &NodeName,
    downstream: &NodeName,
    name: &str,
    kind: SlotKind,
    slot: Option<String>,
) -> EdgeStatus {
    EdgeStatus {
        upstream: upstream.to_string(),
        downstream: Some(downstream.to_string()),
        name: Some(name.to_owned()),
        kind: Some(kind),
        slot,
        ..edge(None, None)
    }
}

/// The state of every connection and slot of a server.
async fn edges(reader: &Reader) -> Result<Vec<EdgeStatus>, ServerError> {
    let senders = replication::senders(reader).await?;
    let slots = slots::slots(reader).await?;
    Ok(join(&senders, &slots))
}

/// Each sender with the slot that it streams through, and the slots that nobody streams through, by name.
fn join(senders: &[Sender], slots: &[Slot]) -> Vec<EdgeStatus> {
    let slot_of = |sender: &Sender| {
        let mut slots = slots.iter();
        slots.find(|slot| slot.active_pid == Some(sender.pid))
    };
    let is_idle = |slot: &&Slot| {
        let mut senders = senders.iter();
        slot.active_pid.is_none() || senders.all(|sender| slot.active_pid != Some(sender.pid))
    };
    let used = senders
        .iter()
        .map(|sender| edge(Some(sender), slot_of(sender)));
    let idle = slots
        .iter()
        .filter(is_idle)
        .map(|slot| edge(None, Some(slot)));
    let mut edges: Vec<EdgeStatus> = used.chain(idle).collect();
    edges.sort_by(|one, other| one.shown_name().cmp(&other.shown_name()));
    edges
}

fn edge(sender: Option<&Sender>, slot: Option<&Slot>) -> EdgeStatus {
    let bytes = sender.map(|sender| sender.bytes).unwrap_or_default();
    let seconds = sender.map(|sender| sender.seconds).unwrap_or_default();
    let milliseconds = |seconds: Option<f64>| seconds.map(|seconds| seconds * 1000.0);
    EdgeStatus {
        upstream: String::new(),
        downstream: None,
        name: sender.map(|sender| sender.application_name.clone()),
        kind: slot.map(|slot| slot.kind.clone()),
        state: sender.and_then(|sender| sender.state.clone()),
        sync_state: sender.and_then(|sender| sender.sync_state),
        sent_lag_bytes: bytes.sent,
        write_lag_bytes: bytes.write,
        flush_lag_bytes: bytes.flush,
        replay_lag_bytes: bytes.replay,
        write_lag_ms: milliseconds(seconds.write),
        flush_lag_ms: milliseconds(seconds.flush),
        replay_lag_ms: milliseconds(seconds.replay),
        slot: slot.map(|slot| slot.name.clone()),
        slot_active: slot.map(|slot| slot.is_active),
        wal_status: slot.and_then(|slot| slot.wal_status.clone()),
        retained_bytes: slot.and_then(|slot| slot.retained_bytes),
    }
}

#[cfg(test)]
mod tests;
