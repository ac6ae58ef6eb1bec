//! The state of one node, from its own answers and those of the others.

use serde::Serialize;

use crate::engine::Container;
use crate::lab::hindrance::{Hindrance, WaitingCommits};
use crate::lab::look::Look;
use crate::lab::topology::{Answers, PresentRole, sender_to};
use crate::plan::{PlannedNode, Role};
use crate::server::lsn::Lsn;
use crate::server::replication::{SenderState, SyncState};
use crate::server::slots::{self, WalStatus};
use crate::text::chain;

use super::publishing::{PublicationStatus, Publishing, SubscriptionStatus};

/// The state of one node. A value is absent if the node does not run or answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// The state of its container: `running`, `exited`, `paused`, …; `gone` when there is none.
    pub state: String,
    /// Its planned role.
    pub expected_role: String,
    /// Its present role: `primary` when it takes writes, `standby` when it is in recovery.
    pub role: Option<String>,
    /// Its planned upstream.
    pub expected_upstream: Option<String>,
    /// Its present upstream: the node that its WAL comes from, whether or not it does now.
    pub upstream: Option<String>,
    /// Its upstream while its receiver is connected there.
    pub streams_from: Option<String>,
    /// Its timeline.
    pub timeline: Option<i32>,
    /// On a primary the current write position, on a standby the replay position.
    pub lsn: Option<Lsn>,
    /// Bytes of its primary's WAL that it has not replayed yet.
    pub replay_lag_bytes: Option<i64>,
    /// `pg_stat_replication.state` on its upstream: `streaming`, `catchup`, …
    pub replication_state: Option<SenderState>,
    /// `pg_stat_replication.sync_state` on its upstream.
    pub sync_state: Option<SyncState>,
    /// Whether a fault, or somebody, keeps it from replaying: `cut`, `frozen`, `replay paused`.
    pub hindered_by: Vec<Hindrance>,
    /// The commits on it that wait for synchronous standbys.
    pub waiting_commits: Option<WaitingCommits>,
    /// Its slot on its upstream.
    pub slot: Option<SlotStatus>,
    /// The publications in the lab's database.
    pub publications: Vec<PublicationStatus>,
    /// The subscriptions in the lab's database.
    pub subscriptions: Vec<SubscriptionStatus>,
    /// Its address inside the lab's network.
    pub address: Option<String>,
    /// Its port on the host.
    pub port: Option<u16>,
    /// Why it could not be asked.
    pub problem: Option<String>,
}

/// The state of a replication slot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlotStatus {
    /// Its name.
    pub name: String,
    /// Whether it is in use.
    pub active: Option<bool>,
    /// `wal_status`: `reserved`, `extended`, `unreserved`, `lost`; absent when there is no slot.
    pub wal_status: Option<WalStatus>,
}

impl NodeStatus {
    /// The state of the node of that place in the plan.
    pub(super) fn of(look: &Look<'_>, at: usize) -> Self {
        let lab = look.lab;
        let planned = &lab.plan.nodes[at];
        let mut status = blank(planned, lab.containers[at].as_ref());
        // It creates its slot when it first starts.
        if !lab.is_to_come(planned) {
            status.take_upstream(look, planned);
        }
        match &look.asked[at] {
            Err(_) if lab.is_to_come(planned) => {
                let lab = &lab.plan.lab;
                let why = format!("starts later: `lab start {lab} {}`", planned.name);
                status.problem = Some(why);
            }
            Err(why) => status.problem = Some(chain(why)),
            Ok(own) => {
                status.take_own(look, planned, own);
                match &own.publishing {
                    Err(why) => status.problem = Some(chain(why)),
                    Ok(publishing) if !own.state.is_standby => {
                        status.take_publishing(publishing, planned);
                    }
                    Ok(_) => {}
                }
            }
        }
        for subscription in &mut status.subscriptions {
            subscription.find_slot(|host| {
                let said = look.said_by(&lab.host(host)?)?;
                Some(said.slots.as_slice())
            });
            let upstream = subscription.upstream.as_deref();
            if let Some(node) = upstream.and_then(|host| lab.host(host)) {
                subscription.upstream = Some(node.to_string());
            }
        }
        status
    }

    /// Adds a standby's state as its upstream shows it.
    fn take_upstream(&mut self, look: &Look<'_>, planned: &PlannedNode) {
        let upstream = look.upstream(&planned.name);
        self.hindered_by = look.hinders(upstream, &planned.name);
        let Some(upstream) = upstream else { return };
        self.upstream = Some(upstream.to_string());
        let Some(said) = look.said_by(upstream) else {
            return;
        };
        // A node that does not answer is known there as it was planned.
        let meant = match &planned.role {
            Role::Standby(standby) => Some(standby),
            Role::Primary => None,
        };
        let own = look.said_by(&planned.name);
        let own = own.and_then(|own| own.upstream.as_ref());
        let (name, slot) = match (own, meant) {
            (Some(own), _) => (own.application_name.as_str(), own.slot.clone()),
            (None, Some(meant)) => {
                let slot = meant.slot.as_ref().map(ToString::to_string);
                (meant.application_name.as_str(), slot)
            }
            (None, None) => return,
        };
        if let Some(sender) = sender_to(&said.senders, name, self.address.as_deref()) {
            self.replication_state.clone_from(&sender.state);
            self.sync_state = sender.sync_state;
        }
        self.slot = slot.map(|name| {
            let found = slots::named(&said.slots, &name);
            SlotStatus {
                active: found.map(|slot| slot.is_active),
                wal_status: found.and_then(|slot| slot.wal_status.clone()),
                name,
            }
        });
    }

    /// Adds the node's own answers, and its lag behind its primary.
    fn take_own(&mut self, look: &Look<'_>, planned: &PlannedNode, own: &Answers) {
        let state = &own.state;
        let primary = look.topology.primary_of(&planned.name);
        let primary = primary.and_then(|primary| look.said_by(primary));
        let written = primary.and_then(|primary| primary.state.lsn);
        self.role = Some(state.role().to_owned());
        self.timeline = Some(state.timeline);
        self.lsn = state.lsn;
        if let Some(PresentRole::Standby {
            upstream,
            streams: true,
        }) = look.topology.role(&planned.name)
        {
            self.streams_from = upstream.as_ref().map(ToString::to_string);
        }
        self.waiting_commits = look.waiting(&planned.name, own);
        let diverged = self.hindered_by.contains(&Hindrance::Diverged);
        let written = written.filter(|_| !diverged);
        self.replay_lag_bytes = match (state.is_standby, state.lsn, written) {
            (true, Some(replayed), Some(written)) => Some(written.bytes_ahead_of(replayed).max(0)),
            _ => None,
        };
    }

    /// Adds the node's publications and subscriptions. A planned subscription that is missing is a problem.
    fn take_publishing(&mut self, found: &Publishing, planned: &PlannedNode) {
        self.publications.clone_from(&found.publications);
        self.subscriptions.clone_from(&found.subscriptions);
        let is_there = |name: &str| found.subscriptions.iter().any(|found| found.name == name);
        let mut planned = planned.subscriptions.iter();
        if let Some(gone) = planned.find(|planned| !is_there(planned.name.as_str())) {
            self.problem = Some(format!("its subscription `{}` is gone", gone.name));
        }
    }

    /// Whether it answers, streams if it is a standby, and its subscriptions follow.
    pub(super) fn is_healthy(&self) -> bool {
        let is_standby = self.upstream.is_some() || self.role.as_deref() == Some("standby");
        let streams = !is_standby || self.replication_state == Some(SenderState::Streaming);
        let reached = self.hindered_by.is_empty();
        let mut subscriptions = self.subscriptions.iter();
        self.role.is_some()
            && self.problem.is_none()
            && streams
            && reached
            && subscriptions.all(SubscriptionStatus::is_healthy)
    }
}

fn blank(planned: &PlannedNode, container: Option<&Container>) -> NodeStatus {
    let expected_upstream = match &planned.role {
        Role::Primary => None,
        Role::Standby(standby) => Some(standby.upstream.to_string()),
    };
    NodeStatus {
        name: planned.name.to_string(),
        state: super::word(container),
        expected_role: planned.role.word().to_owned(),
        role: None,
        expected_upstream,
        upstream: None,
        streams_from: None,
        timeline: None,
        lsn: None,
        replay_lag_bytes: None,
        replication_state: None,
        sync_state: None,
        hindered_by: Vec::new(),
        waiting_commits: None,
        slot: None,
        publications: Vec::new(),
        subscriptions: Vec::new(),
        address: container
            .and_then(|found| found.address)
            .map(|address| address.to_string()),
        port: container.and_then(|found| found.port),
        problem: None,
    }
}
