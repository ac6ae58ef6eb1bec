//! The state of a lab: what every node is now, and in what that differs from the plan.

mod node;
pub(super) mod publishing;

use futures_util::future::join_all;
use serde::Serialize;

use crate::engine::Container;
use crate::failure::Failure;
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedService};

use super::faults::LinkFault;
use super::look::Look;
use super::reasons::{Reasons, Suspect};
use super::topology::runs;
use super::{Lab, service};

pub use node::{NodeStatus, SlotStatus};
pub use publishing::{LogicalSlot, PublicationStatus, SubscriptionStatus, TableStatus};

/// The state of a lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The lab's name.
    pub lab: String,
    /// The scenario it was made from.
    pub scenario: String,
    /// Whether every node runs, streams and replays as a standby, as late and as synchronously as planned, and no two
    /// primaries compete. A node that starts later may be missing.
    pub healthy: bool,
    /// Whether every node has its planned role and upstream. After a switchover that succeeded a lab is healthy, and not as
    /// planned.
    pub as_planned: bool,
    /// Its nodes, in the plan's order.
    pub nodes: Vec<NodeStatus>,
    /// What concerns several nodes: two primaries, a primary that was replaced, commits that wait, a publisher that moved.
    pub remarks: Vec<String>,
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

impl Lab {
    /// Asks every node that runs.
    pub async fn status(&self) -> Status {
        let look = Look::at(self).await;
        let mut reasons = Reasons::of(self);
        let mut nodes = Vec::with_capacity(self.plan.nodes.len());
        for (at, planned) in self.plan.nodes.iter().enumerate() {
            let mut status = NodeStatus::of(&look, at);
            for subscription in &mut status.subscriptions {
                if !subscription.is_healthy() {
                    let suspect = Suspect::of(&planned.name, subscription);
                    if let Some(trouble) = reasons.trouble(&suspect).await {
                        subscription.take_trouble(&trouble, &planned.name);
                    }
                }
            }
            nodes.push(status);
        }
        let services = self.services();
        let services = services.map(|(service, container)| service_status(service, container));
        let services = join_all(services).await;
        let answers = services.iter().all(|service| service.problem.is_none());
        let is_well = |(status, planned): (&NodeStatus, &PlannedNode)| {
            self.is_to_come(planned) || status.is_healthy()
        };
        let is_off = self
            .plan
            .nodes
            .iter()
            .any(|node| !look.off_plan(node).is_empty());
        let is_planned = |planned: &PlannedNode| {
            self.is_to_come(planned) || look.topology.is_as_planned(&self.plan, &planned.name)
        };
        Status {
            lab: self.plan.lab.to_string(),
            scenario: self.plan.scenario.to_string(),
            healthy: answers
                && !is_off
                && look.topology.rivals().is_empty()
                && nodes.iter().zip(&self.plan.nodes).all(is_well),
            as_planned: !is_off && self.plan.nodes.iter().all(is_planned),
            remarks: look.remarks(),
            nodes,
            services,
            full_disks: self.full_disks().await.unwrap_or_default(),
            faults: look.faults,
        }
    }
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
