//! The lag of each downstream in bytes and in time, as the servers measure it.
//!
//! Every connection and slot of a node is shown, planned or not, and so is every planned one that is missing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::name::NodeName;
use crate::plan::Plan;
use crate::server::replication::{self, Sender, SenderState, SyncState};
use crate::server::slots::{Slot, SlotKind, WalStatus};
use crate::text::chain;

use super::Lab;
use super::hindrance::{Hindrance, WaitingCommits};
use super::look::Look;
use super::topology::Answers;

/// One downstream, as its upstream sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeStatus {
    /// The node that sends.
    pub upstream: String,
    /// The node that receives: that of the connection's address, or of the slot if nobody is connected.
    pub downstream: Option<String>,
    /// Its `application_name`.
    pub name: Option<String>,
    /// `physical` or `logical`; absent if neither a slot nor the plan tells.
    pub kind: Option<SlotKind>,
    /// `streaming`, `catchup`, …; absent when nobody is connected.
    pub state: Option<SenderState>,
    /// `async`, `potential`, `sync` or `quorum`.
    pub sync_state: Option<SyncState>,
    /// What keeps it from getting on although it is connected: `link_cut`, `frozen`, `upstream_frozen`, `replay_paused`.
    pub hindered_by: Vec<Hindrance>,
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
    /// The commits that wait for synchronous standbys, by node.
    pub waiting_commits: BTreeMap<NodeName, WaitingCommits>,
    /// What concerns several nodes, as in `lab status`.
    pub remarks: Vec<String>,
    /// The nodes that could not be asked, and why.
    pub problems: Vec<String>,
}

impl Monitor {
    /// Whether every downstream is connected and streams, and no fault is in between.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        let mut known = self.edges.iter().filter(|edge| edge.downstream.is_some());
        known.all(|edge| {
            edge.state == Some(SenderState::Streaming)
                && !edge.hindered_by.iter().any(|it| it.stops_wal())
        })
    }
}

impl EdgeStatus {
    /// The sort key.
    fn shown_name(&self) -> Option<&str> {
        self.name.as_deref().or(self.slot.as_deref())
    }

    /// A distance between two histories means nothing.
    fn has_no_lag(&mut self) {
        self.sent_lag_bytes = None;
        self.write_lag_bytes = None;
        self.flush_lag_bytes = None;
        self.replay_lag_bytes = None;
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
        let look = Look::at(self).await;
        let present = self.plan.at_present(&look.topology, &look.asked);
        let mut monitor = Monitor {
            lab: self.plan.lab.to_string(),
            edges: Vec::new(),
            waiting_commits: BTreeMap::new(),
            remarks: look.remarks(),
            problems: Vec::new(),
        };
        for (node, said) in present.nodes.iter().zip(&look.asked) {
            let name = &node.name;
            let edges = match said {
                Ok(said) => {
                    let waiting = look.waiting(name, said);
                    let waiting = waiting.map(|waiting| (name.clone(), waiting));
                    monitor.waiting_commits.extend(waiting);
                    edges(&look, said)
                }
                Err(why) => {
                    monitor.problems.push(format!("{name}: {}", chain(why)));
                    Vec::new()
                }
            };
            monitor.edges.extend(named(&look, &present, name, edges));
        }
        monitor
    }
}

/// The edges of a node with their downstreams' names, including those that should be and are missing.
fn named(
    look: &Look<'_>,
    present: &Plan,
    node: &NodeName,
    mut edges: Vec<EdgeStatus>,
) -> Vec<EdgeStatus> {
    for edge in &mut edges {
        edge.upstream = node.to_string();
    }
    let mut edges = matched(edges, planned(present, node));
    for edge in &mut edges {
        let mut nodes = present.nodes.iter();
        let below = nodes.find(|below| Some(below.name.as_str()) == edge.downstream.as_deref());
        if let Some(below) = below {
            edge.hindered_by = look.hinders(Some(node), &below.name);
            if edge.hindered_by.contains(&Hindrance::Diverged) {
                edge.has_no_lag();
            }
        }
    }
    edges
}

/// The edges that a node should have, without any state.
fn planned(plan: &Plan, node: &NodeName) -> Vec<EdgeStatus> {
    let physical = plan.standbys_of(node).map(|(standby, edge)| {
        let slot = edge.slot.as_ref().map(ToString::to_string);
        blank(
            node,
            &standby.name,
            edge.application_name.as_str(),
            SlotKind::Physical,
            slot,
        )
    });
    let logical = plan
        .subscriptions()
        .filter(|(_, edge)| edge.upstream == *node);
    let logical = logical.map(|(subscriber, edge)| {
        let slot = Some(edge.slot.to_string()).filter(|slot| !slot.is_empty());
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

/// The edges with the downstreams that were planned: by slot, or else by name, which two subscriptions and a standby may
/// share. A planned one that is missing is added.
fn matched(mut edges: Vec<EdgeStatus>, planned: Vec<EdgeStatus>) -> Vec<EdgeStatus> {
    let by_slot =
        |edge: &EdgeStatus, planned: &EdgeStatus| edge.slot.is_some() && edge.slot == planned.slot;
    let by_name = |edge: &EdgeStatus, planned: &EdgeStatus| {
        let is_logical = |edge: &EdgeStatus| edge.kind == Some(SlotKind::Logical);
        (edge.downstream.is_none() || edge.downstream == planned.downstream)
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

/// The state of every connection and slot of a server. A base backup and the copy of a table are no downstreams.
fn edges(look: &Look<'_>, said: &Answers) -> Vec<EdgeStatus> {
    join(&said.senders, &said.slots, |sender| {
        let name = &sender.application_name;
        let passes = name.ends_with("_backup") || replication::copies_table(name);
        look.node_of(sender)
            .filter(|_| !passes)
            .map(ToString::to_string)
    })
}

/// Each sender with the slot that it streams through, and the slots that nobody streams through, by name.
fn join(
    senders: &[Sender],
    slots: &[Slot],
    node_of: impl Fn(&Sender) -> Option<String>,
) -> Vec<EdgeStatus> {
    let slot_of = |sender: &Sender| {
        let mut slots = slots.iter();
        slots.find(|slot| slot.active_pid == Some(sender.pid))
    };
    let is_idle = |slot: &&Slot| {
        let mut senders = senders.iter();
        slot.active_pid.is_none() || senders.all(|sender| slot.active_pid != Some(sender.pid))
    };
    let used = senders.iter().map(|sender| EdgeStatus {
        downstream: node_of(sender),
        ..edge(Some(sender), slot_of(sender))
    });
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
    // The end of the WAL is read a moment before the positions of its receivers.
    let behind = |bytes: Option<i64>| bytes.map(|bytes| bytes.max(0));
    let milliseconds = |seconds: Option<f64>| seconds.map(|seconds| seconds * 1000.0);
    EdgeStatus {
        upstream: String::new(),
        downstream: None,
        name: sender.map(|sender| sender.application_name.clone()),
        kind: slot.map(|slot| slot.kind.clone()),
        state: sender.and_then(|sender| sender.state.clone()),
        sync_state: sender.and_then(|sender| sender.sync_state),
        hindered_by: Vec::new(),
        sent_lag_bytes: behind(bytes.sent),
        write_lag_bytes: behind(bytes.write),
        flush_lag_bytes: behind(bytes.flush),
        replay_lag_bytes: behind(bytes.replay),
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
