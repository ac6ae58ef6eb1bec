//! The state of a lab: per node the planned role and the present role, positions, lag, slot.

mod publishing;

use futures_util::future::join_all;
use serde::Serialize;

use crate::engine::{Container, ContainerState};
use crate::failure::Failure;
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedService, Role, Standby};
use crate::server::catalog;
use crate::server::client::{Reader, SearchPath};
use crate::server::lsn::Lsn;
use crate::server::replication::{self, Sender, SenderState, SyncState};
use crate::server::server_error::ServerError;
use crate::server::slots::{self, Slot, WalStatus};
use crate::server::state::{self, ServerState};
use crate::text::chain;

use super::faults::LinkFault;
use super::{Lab, LabError, service};
use publishing::Publishing;

pub use publishing::{LogicalSlot, PublicationStatus, SubscriptionStatus, TableStatus};

/// The state of a lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The lab's name.
    pub lab: String,
    /// The scenario it was made from.
    pub scenario: String,
    /// Whether every node runs, has its planned role and, as a standby, streams. A node that starts later may be missing.
    pub healthy: bool,
    /// Its nodes, upstreams first.
    pub nodes: Vec<NodeStatus>,
    /// The network faults that a step or `lab fault` made.
    pub faults: Vec<LinkFault>,
    /// The nodes whose data disk a step or `lab fault` filled.
    pub full_disks: Vec<NodeName>,
    /// Its services.
    pub services: Vec<ServiceStatus>,
}

/// The state of one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// The state of its container: `running`, `exited`, `paused`, …; `gone` when there is none.
    pub state: String,
    /// Its address inside the lab's network.
    pub address: Option<String>,
    /// Its port on the host.
    pub port: Option<u16>,
    /// Its URL, while it has a port.
    pub url: Option<String>,
    /// Why it does not answer.
    pub problem: Option<String>,
}

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
    pub upstream: Option<String>,
    /// Its present upstream.
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

/// The answers of one node's server.
struct Answers {
    state: ServerState,
    senders: Vec<Sender>,
    slots: Vec<Slot>,
    /// Its publications and subscriptions, or why they could not be read.
    publishing: Result<Publishing, Unasked>,
}

/// Why a node could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unasked {
    /// Its container does not run.
    #[error("{0}")]
    Down(&'static str),
    /// There is no connection to it.
    #[error(transparent)]
    Unreachable(#[from] LabError),
    /// Its server did not answer.
    #[error(transparent)]
    Refused(#[from] ServerError),
}

impl Lab {
    /// Asks every node that runs.
    pub async fn status(&self) -> Status {
        let asked = self.nodes();
        let asked = asked.map(|(node, container)| self.answers(node, container));
        let asked = join_all(asked).await;
        let mut nodes = Vec::with_capacity(asked.len());
        for (at, (planned, container)) in self.nodes().enumerate() {
            let mut status = self.node_status(planned, container, &asked[at], &asked);
            for subscription in &mut status.subscriptions {
                if !subscription.is_healthy() {
                    let name = subscription.name.as_str();
                    subscription.trouble = self.trouble_of(&planned.name, name).await;
                }
            }
            nodes.push(status);
        }
        let services = self.services();
        let services = services.map(|(service, container)| service_status(service, container));
        let services = join_all(services).await;
        let answers = services.iter().all(|service| service.problem.is_none());
        let to_come = self.plan.nodes.iter().map(|node| self.is_to_come(node));
        let healthy = answers
            && nodes
                .iter()
                .zip(to_come)
                .all(|(node, to_come)| to_come || is_healthy(node));
        Status {
            lab: self.plan.lab.to_string(),
            scenario: self.plan.scenario.to_string(),
            healthy,
            nodes,
            services,
            full_disks: self.full_disks().await.unwrap_or_default(),
            faults: self.faults().await.unwrap_or_default().links,
        }
    }

    /// Asks a node's server.
    async fn answers(
        &self,
        node: &PlannedNode,
        container: Option<&Container>,
    ) -> Result<Answers, Unasked> {
        let reader = self.reach(node, container).await?;
        let state = state::state(&reader).await?;
        let senders = replication::senders(&reader).await?;
        let slots = slots::slots(&reader).await?;
        let publishing = self.publishing(node, &reader, &state).await;
        Ok(Answers {
            state,
            senders,
            slots,
            publishing,
        })
    }

    /// The publications and subscriptions of a node. They belong to a database, and a standby shows its primary's.
    async fn publishing(
        &self,
        node: &PlannedNode,
        reader: &Reader,
        state: &ServerState,
    ) -> Result<Publishing, Unasked> {
        let database = self.plan.database.as_str();
        if state.is_standby || !catalog::has_database(reader, database).await? {
            return Ok(Publishing::default());
        }
        let path = SearchPath::Catalog;
        let reader = self.reader(&node.name, database, path).await?;
        Ok(publishing::read(&reader).await?)
    }

    /// The status of one node, from its own answers and the others'.
    fn node_status(
        &self,
        planned: &PlannedNode,
        container: Option<&Container>,
        own: &Result<Answers, Unasked>,
        asked: &[Result<Answers, Unasked>],
    ) -> NodeStatus {
        let said_by = |name: &str| {
            let mut nodes = self.plan.nodes.iter();
            let at = nodes.position(|node| node.name.as_str() == name)?;
            asked[at].as_ref().ok()
        };
        let mut status = blank(planned, container);
        if let Role::Standby(standby) = &planned.role
            // It creates its slot when it first starts.
            && !self.is_to_come(planned)
            && let Some(upstream) = said_by(standby.upstream.as_str())
        {
            status.take_from_upstream(upstream, standby);
        }
        match own {
            Err(_) if self.is_to_come(planned) => {
                let lab = &self.plan.lab;
                let why = format!("starts later: `lab start {lab} {}`", planned.name);
                status.problem = Some(why);
            }
            Err(why) => status.problem = Some(chain(why)),
            Ok(own) => {
                let primary = said_by(self.plan.primary_of(&planned.name).as_str());
                status.take_own(own, primary.and_then(|primary| primary.state.lsn));
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
            let upstream = subscription.upstream.as_deref().and_then(said_by);
            if let (Some(upstream), Some(slot)) = (upstream, &mut subscription.slot)
                && let Some(found) = slots::named(&upstream.slots, &slot.name)
            {
                slot.fill(found);
            }
        }
        status
    }

    /// Why a subscription fails, and a hint.
    async fn trouble_of(&self, node: &NodeName, subscription: &str) -> Option<String> {
        let trouble = self.trouble(node, subscription).await?;
        let hint = trouble.hint(subscription, node.as_str());
        Some(match hint {
            Some(hint) => format!("{trouble}; {hint}"),
            None => trouble.to_string(),
        })
    }

    /// Connects to a node's maintenance database, which exists even if the lab's own does not.
    pub(super) async fn reach(
        &self,
        node: &PlannedNode,
        container: Option<&Container>,
    ) -> Result<Reader, Unasked> {
        runs(container)?;
        let database = crate::server::MAINTENANCE_DATABASE;
        let path = SearchPath::Catalog;
        Ok(self.reader(&node.name, database, path).await?)
    }
}

impl NodeStatus {
    /// Adds a standby's state as its upstream shows it.
    fn take_from_upstream(&mut self, upstream: &Answers, standby: &Standby) {
        let name = standby.application_name.as_str();
        if let Some(sender) = replication::to_standby(&upstream.senders, name).next() {
            self.replication_state.clone_from(&sender.state);
            self.sync_state = sender.sync_state;
        }
        self.slot = standby.slot.as_ref().map(|name| {
            let found = slots::named(&upstream.slots, name.as_str());
            SlotStatus {
                name: name.to_string(),
                active: found.map(|slot| slot.is_active),
                wal_status: found.and_then(|slot| slot.wal_status.clone()),
            }
        });
    }

    /// Adds the node's own answers, and its lag behind its primary.
    fn take_own(&mut self, own: &Answers, written: Option<Lsn>) {
        let state = &own.state;
        self.role = Some(state.role().to_owned());
        self.timeline = Some(state.timeline);
        self.lsn = state.lsn;
        self.streams_from.clone_from(&state.streams_from);
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
}

/// Fails with the container's state unless it runs.
fn runs(container: Option<&Container>) -> Result<(), Unasked> {
    Err(Unasked::Down(match container.map(|found| found.state) {
        Some(ContainerState::Running) => return Ok(()),
        None => "its container is gone",
        Some(ContainerState::Paused) => "its container is paused",
        Some(_) => "its container does not run",
    }))
}

/// Asks a service.
async fn service_status(planned: &PlannedService, container: Option<&Container>) -> ServiceStatus {
    let port = container.and_then(|found| found.port);
    let answered = match (runs(container), port) {
        (Ok(()), Some(port)) => service::ask(port).await,
        (Ok(()), None) => Err(Failure::seen("it has no port on the host")),
        (Err(why), _) => Err(Failure::seen(why.to_string())),
    };
    ServiceStatus {
        name: planned.name.to_string(),
        state: word(container),
        address: container
            .and_then(|found| found.address)
            .map(|address| address.to_string()),
        port,
        url: port.map(service::url),
        problem: answered.err().map(|why| why.to_string()),
    }
}

fn word(container: Option<&Container>) -> String {
    let word = container.map_or("gone", |found| found.state.word());
    word.to_owned()
}

fn is_healthy(node: &NodeStatus) -> bool {
    let streams = node.upstream.is_none() || node.replication_state == Some(SenderState::Streaming);
    let subscribes = node
        .subscriptions
        .iter()
        .all(SubscriptionStatus::is_healthy);
    node.role.as_ref() == Some(&node.expected_role)
        && node.problem.is_none()
        && streams
        && subscribes
}

fn blank(planned: &PlannedNode, container: Option<&Container>) -> NodeStatus {
    let upstream = match &planned.role {
        Role::Primary => None,
        Role::Standby(standby) => Some(standby.upstream.to_string()),
    };
    NodeStatus {
        name: planned.name.to_string(),
        state: word(container),
        expected_role: planned.role.word().to_owned(),
        role: None,
        upstream,
        streams_from: None,
        timeline: None,
        lsn: None,
        replay_lag_bytes: None,
        replication_state: None,
        sync_state: None,
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
