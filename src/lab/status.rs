//! What a lab is doing now: per node the role meant and the role found, positions, lag, slot.

mod logical;

use futures_util::future::join_all;
use serde::Serialize;
use tokio_postgres::Client;

use crate::engine::{Container, ContainerState};
use crate::name::{NodeName, SlotName};
use crate::plan::{PlannedNode, PlannedService, Role, Standby};
use crate::server::catalog::TIMELINE;
use crate::server::client::words;
use crate::server::lsn::Lsn;
use crate::text::chain;

use super::faults::LinkFault;
use super::{Lab, service};

pub use logical::{LogicalSlot, PublicationStatus, SubscriptionStatus, TableStatus};

/// The state of a lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The lab's name.
    pub lab: String,
    /// The scenario it was made from.
    pub scenario: String,
    /// Whether every node is what it was meant to be, runs and, as a standby, streams. One that starts later may do so
    /// any time.
    pub healthy: bool,
    /// Its nodes, upstreams first.
    pub nodes: Vec<NodeStatus>,
    /// The faults of the network between them that a step or `lab fault` made.
    pub faults: Vec<LinkFault>,
    /// The nodes whose data disk a step or `lab fault` filled.
    pub full_disks: Vec<NodeName>,
    /// What runs beside them.
    pub services: Vec<ServiceStatus>,
}

/// The state of one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// What its container is doing: `running`, `exited`, `paused`, …; `gone` when there is none.
    pub state: String,
    /// Its address inside the lab's network.
    pub address: Option<String>,
    /// Its port on the host.
    pub port: Option<u16>,
    /// Where people find it, while it has a port.
    pub url: Option<String>,
    /// Why it does not answer.
    pub problem: Option<String>,
}

/// The state of one node. What cannot be known, because it does not run or answer, is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// What its container is doing: `running`, `exited`, `paused`, …; `gone` when there is none.
    pub state: String,
    /// What it was meant to be.
    pub expected_role: String,
    /// What it is: `primary` when it takes writes, `standby` when it is in recovery.
    pub role: Option<String>,
    /// The node it was meant to stream from.
    pub upstream: Option<String>,
    /// The node that it streams from now.
    pub streams_from: Option<String>,
    /// Its timeline.
    pub timeline: Option<i32>,
    /// On a primary the position it writes at, on a standby the one it has replayed up to.
    pub lsn: Option<Lsn>,
    /// How many bytes of its primary's log it has not replayed yet.
    pub replay_lag_bytes: Option<i64>,
    /// `pg_stat_replication.state` on its upstream: `streaming`, `catchup`, …
    pub replication_state: Option<String>,
    /// `pg_stat_replication.sync_state` on its upstream.
    pub sync_state: Option<String>,
    /// Its slot on its upstream.
    pub slot: Option<SlotStatus>,
    /// What it publishes now, in the lab's database.
    pub publications: Vec<PublicationStatus>,
    /// What it subscribes to now, in the lab's database.
    pub subscriptions: Vec<SubscriptionStatus>,
    /// Its address inside the lab's network.
    pub address: Option<String>,
    /// Its port on the host.
    pub port: Option<u16>,
    /// Why it could not be asked.
    pub problem: Option<String>,
}

/// The state of a replication slot (manual, 54.19).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlotStatus {
    /// Its name.
    pub name: String,
    /// Whether somebody streams through it.
    pub active: Option<bool>,
    /// Whether the log that it holds is there: `reserved`, `extended`, `unreserved`, `lost`; absent when the slot is.
    pub wal_status: Option<String>,
}

/// What one server says of itself.
struct Own {
    in_recovery: bool,
    timeline: i32,
    lsn: Option<Lsn>,
    streams_from: Option<String>,
}

impl Own {
    fn role(&self) -> &'static str {
        if self.in_recovery {
            "standby"
        } else {
            "primary"
        }
    }
}

/// What an upstream says of one standby.
#[derive(Default)]
struct Seen {
    state: Option<String>,
    sync_state: Option<String>,
    slot: Option<SlotStatus>,
}

impl Lab {
    /// Asks every node that runs.
    pub async fn status(&self) -> Status {
        let clients = join_all(
            self.nodes()
                .map(|(node, container)| self.reach(node, container)),
        )
        .await;
        let own = join_all(clients.iter().map(async |client| match client {
            Ok(client) => own(client).await,
            Err(why) => Err(why.clone()),
        }))
        .await;
        let lookup = |name: &str| {
            self.plan
                .nodes
                .iter()
                .position(|node| node.name.as_str() == name)
        };
        let mut nodes = Vec::with_capacity(clients.len());
        for (index, (planned, container)) in self.nodes().enumerate() {
            let mut status = blank(planned, container);
            if let Role::Standby(standby) = &planned.role {
                let upstream =
                    lookup(standby.upstream.as_str()).and_then(|at| clients[at].as_ref().ok());
                let seen = match upstream {
                    // It makes its slot when it begins.
                    _ if self.is_to_come(planned) => Seen::default(),
                    Some(client) => seen(client, standby).await,
                    None => Seen::default(),
                };
                (status.replication_state, status.sync_state, status.slot) =
                    (seen.state, seen.sync_state, seen.slot);
            }
            match &own[index] {
                Err(_) if self.is_to_come(planned) => {
                    let why = format!(
                        "starts later: `lab start {} {}`",
                        self.plan.lab, planned.name
                    );
                    status.problem = Some(why);
                }
                Err(why) => status.problem = Some(why.clone()),
                Ok(found) => {
                    status.role = Some(found.role().to_owned());
                    status.timeline = Some(found.timeline);
                    status.lsn = found.lsn;
                    status.streams_from.clone_from(&found.streams_from);
                    let primary = lookup(self.plan.primary_of(&planned.name).as_str())
                        .and_then(|at| own[at].as_ref().ok());
                    status.replay_lag_bytes = match (
                        found.in_recovery,
                        found.lsn,
                        primary.and_then(|own| own.lsn),
                    ) {
                        (true, Some(replayed), Some(written)) => {
                            Some(written.bytes_ahead_of(replayed).max(0))
                        }
                        _ => None,
                    };
                }
            }
            if let Ok(client) = &clients[index] {
                if let Err(why) = self.logical(planned, client, &mut status).await {
                    status.problem = Some(why);
                }
                for subscription in &mut status.subscriptions {
                    let upstream = subscription.upstream.as_deref().and_then(lookup);
                    let upstream = upstream.and_then(|at| clients[at].as_ref().ok());
                    if let (Some(upstream), Some(slot)) = (upstream, &mut subscription.slot) {
                        logical::slot(upstream, slot).await;
                    }
                    if !subscription.is_healthy() {
                        let name = subscription.name.as_str();
                        subscription.trouble = self.trouble_of(&planned.name, name).await;
                    }
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

    /// Why a subscription does not get on, and what to do.
    async fn trouble_of(&self, node: &NodeName, subscription: &str) -> Option<String> {
        let trouble = self.trouble(node, subscription).await?;
        let hint = trouble.hint(subscription, node.as_str());
        Some(match hint {
            Some(hint) => format!("{trouble}; {hint}"),
            None => trouble.to_string(),
        })
    }

    /// Asks a node for its publications and subscriptions. Those are a database's own, and a standby has its primary's.
    async fn logical(
        &self,
        node: &PlannedNode,
        client: &Client,
        status: &mut NodeStatus,
    ) -> Result<(), String> {
        let database = self.plan.database.as_str();
        if status.role.as_deref() != Some("primary") {
            return Ok(());
        }
        let sql = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
        let row = client.query_one(sql, &[&database]).await.map_err(words)?;
        if !row.get::<_, bool>(0) {
            return Ok(());
        }
        let client = self.connect(&node.name, database).await;
        let client = client.map_err(|error| chain(&error))?;
        status.publications = logical::publications(&client).await?;
        status.subscriptions = logical::subscriptions(&client).await?;
        let is_there = |name: &str| status.subscriptions.iter().any(|found| found.name == name);
        let gone = node
            .subscriptions
            .iter()
            .map(|planned| planned.name.as_str());
        match gone.into_iter().find(|name| !is_there(name)) {
            Some(name) => Err(format!("its subscription `{name}` is gone")),
            None => Ok(()),
        }
    }

    /// Connects to a node, whichever of its databases will do.
    pub(super) async fn reach(
        &self,
        node: &PlannedNode,
        container: Option<&Container>,
    ) -> Result<Client, String> {
        runs(container)?;
        // A node that was stopped by hand may lack the lab's database no more than its server; any will do.
        let connected = self
            .connect(&node.name, crate::server::MAINTENANCE_DATABASE)
            .await;
        connected.map_err(|error| chain(&error))
    }
}

/// Whether a container runs, or else what it does instead.
fn runs(container: Option<&Container>) -> Result<(), String> {
    Err(match container.map(|found| found.state) {
        Some(ContainerState::Running) => return Ok(()),
        None => "its container is gone",
        Some(ContainerState::Paused) => "its container is paused",
        Some(_) => "its container does not run",
    }
    .to_owned())
}

/// Asks a service.
async fn service_status(planned: &PlannedService, container: Option<&Container>) -> ServiceStatus {
    let port = container.and_then(|found| found.port);
    let answered = match (runs(container), port) {
        (Ok(()), Some(port)) => service::ask(port).await,
        (Ok(()), None) => Err("it has no port on the host".to_owned()),
        (Err(why), _) => Err(why),
    };
    ServiceStatus {
        name: planned.name.to_string(),
        state: word(container),
        address: container
            .and_then(|found| found.address)
            .map(|address| address.to_string()),
        port,
        url: port.map(service::url),
        problem: answered.err(),
    }
}

fn word(container: Option<&Container>) -> String {
    let word = container.map_or("gone", |found| found.state.word());
    word.to_owned()
}

fn is_healthy(node: &NodeStatus) -> bool {
    let streams = node.upstream.is_none() || node.replication_state.as_deref() == Some("streaming");
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

async fn own(client: &Client) -> Result<Own, String> {
    let sql = format!(
        "SELECT pg_is_in_recovery(), {TIMELINE}, \
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text, \
         (SELECT sender_host FROM pg_stat_wal_receiver WHERE status = 'streaming')"
    );
    let row = client.query_one(&sql, &[]).await.map_err(words)?;
    let lsn: Option<String> = row.get(2);
    Ok(Own {
        in_recovery: row.get(0),
        timeline: row.get(1),
        lsn: lsn.and_then(|lsn| lsn.parse().ok()),
        streams_from: row.get(3),
    })
}

async fn seen(upstream: &Client, standby: &Standby) -> Seen {
    let name = standby.slot.as_ref().map(SlotName::as_str);
    let sql = "SELECT r.state, r.sync_state, s.active, s.wal_status FROM (SELECT 1) AS one \
               LEFT JOIN pg_stat_replication AS r ON r.application_name = $1 \
               LEFT JOIN pg_replication_slots AS s ON s.slot_name = $2 LIMIT 1";
    let Ok(row) = upstream
        .query_one(sql, &[&standby.application_name.as_str(), &name])
        .await
    else {
        return Seen::default();
    };
    let slot = name.map(|name| SlotStatus {
        name: name.to_owned(),
        active: row.get(2),
        wal_status: row.get(3),
    });
    Seen {
        state: row.get(0),
        sync_state: row.get(1),
        slot,
    }
}
