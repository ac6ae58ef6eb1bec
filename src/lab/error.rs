//! The errors of a lab. `explain` says what to do about each.

mod explain;
mod seen;

use crate::engine::EngineError;
use crate::image::ImageError;
use crate::name::{LabName, NodeName};
use crate::scenario::services::ServiceName;
use crate::server::blame::Blame;
use crate::server::client::SqlError;
use crate::server::trouble::Trouble;

pub use self::seen::{ContainerEnd, Late, NotTaken};

use super::cleanup::Held;
use super::faults::error::FaultError;
use super::passfile::PassfileError;
use super::populate::DatasetError;
use super::tls::TlsError;

/// A lab that could not be made, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A statement failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// A certificate could not be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A fault could not be made or undone.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A dataset could not be loaded.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Another lab has the name.
    #[error("the name `{lab}` is taken")]
    Taken {
        /// The name.
        lab: LabName,
        /// Who has it.
        #[source]
        by: Holder,
    },
    /// There is no such lab.
    #[error("there is no lab `{lab}`")]
    NotFound {
        /// The name.
        lab: String,
        /// The labs that run.
        running: Vec<String>,
    },
    /// A lab has no such node.
    #[error("lab `{lab}` has no node `{node}`")]
    NoNode {
        /// The lab.
        lab: LabName,
        /// The name that was asked for.
        node: String,
        /// The lab's nodes.
        nodes: Vec<String>,
    },
    /// A lab lacks parts: it was interrupted, or something was removed by hand.
    #[error("lab `{lab}` is incomplete: {missing}")]
    HalfMade {
        /// The lab.
        lab: LabName,
        /// What is missing.
        missing: String,
    },
    /// Its servers ask this host for a password that is not known here.
    #[error("getting into the servers of `{lab}`, which ask for a password")]
    NoPassword {
        /// The lab.
        lab: LabName,
        /// Why it is not known.
        #[source]
        source: PassfileError,
    },
    /// All addresses are taken.
    #[error("no addresses are free for the network of `{lab}`")]
    NoAddresses {
        /// The lab.
        lab: LabName,
    },
    /// A port that a node or a service asks for is taken.
    #[error("the port {port} of `{node}` is taken by {by}")]
    PortTaken {
        /// The node or service.
        node: String,
        /// The port on 127.0.0.1.
        port: u16,
        /// The port's place in the scenario: `nodes.primary.port`.
        path: String,
        /// Who has it.
        by: String,
    },
    /// The subnet that a scenario asks for is taken.
    #[error("the subnet {subnet} overlaps with {by}")]
    SubnetTaken {
        /// The subnet in CIDR notation.
        subnet: String,
        /// Who has it.
        by: String,
    },
    /// A node's container ended, or its server lets nobody in.
    #[error("{act}")]
    NodeEnded {
        /// What was being done.
        act: String,
        /// The node.
        node: NodeName,
        /// How it ended.
        #[source]
        how: ContainerEnd,
        /// The last lines that it wrote.
        log: Vec<String>,
        /// The setting that the log blames.
        blame: Option<Box<Blame>>,
    },
    /// A wait reached its limit.
    #[error("{act}")]
    Late {
        /// The act that waited.
        act: String,
        /// What was seen instead.
        #[source]
        seen: Late,
        /// The last lines of the log of the node concerned.
        log: Vec<String>,
    },
    /// A service does not come up.
    #[error("starting the service `{service}`")]
    Service {
        /// The service.
        service: ServiceName,
        /// What was seen instead.
        #[source]
        seen: Late,
        /// The last lines that it wrote.
        log: Vec<String>,
    },
    /// Settings that did not take effect.
    #[error("checking the settings of `{node}`")]
    Settings {
        /// The node.
        node: NodeName,
        /// The settings, each with the reason.
        #[source]
        not_taken: NotTaken,
    },
    /// A subscription's worker fails, and retries will not help.
    #[error("{act}")]
    Subscription {
        /// What was being done.
        act: String,
        /// The subscription.
        subscription: String,
        /// Its node.
        node: NodeName,
        /// What the node's log says.
        #[source]
        trouble: Box<Trouble>,
    },
    /// Somebody pressed ctrl-c.
    #[error("interrupted")]
    Interrupted,
    /// A task of ours panicked.
    #[error("a task of lab ended unexpectedly: {0}")]
    Task(String),
    /// An object of a lab that could not be removed.
    #[error("{act}")]
    Held {
        /// What was being done: "removing the network `lab-a.5d0da3dc97641f07`".
        act: String,
        /// Who holds it.
        #[source]
        held: Box<Held>,
    },
    /// A clean-up that failed, at the end of a lab or after a failure or an interrupt.
    #[error("{}parts of `{lab}` could not be removed", before(.after.as_deref()))]
    Leftover {
        /// The lab.
        lab: LabName,
        /// The failure or the interrupt after which it was to be removed.
        after: Option<Box<LabError>>,
        /// Why it could not be removed.
        #[source]
        source: Box<LabError>,
    },
}

/// The beginning of a message about a clean-up that failed.
fn before(after: Option<&LabError>) -> String {
    after
        .map(|error| format!("{error}, and "))
        .unwrap_or_default()
}

/// The holder of a name that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Holder {
    /// Another process is making it right now.
    #[error("another `lab up` is making it right now (process {0})")]
    Making(String),
    /// A lab of that name exists.
    #[error("a lab of that name exists")]
    Exists,
    /// Its process was killed before it was complete, or it was for that process alone.
    #[error("a `lab up` or `lab run` of that name ended without removing it")]
    Abandoned,
    /// A part of a lab that had the name before.
    #[error("`{0}` is left of an earlier lab of that name")]
    Earlier(String),
    /// A lab of that name was there, and its claim is gone.
    #[error("containers of that name exist, but the volume with their plan is gone")]
    Unclaimed,
    /// A process that is alive has made it, and may remove it when it ends.
    #[error(
        "a lab of that name belongs to a `lab run` or another program that still runs (process {0})"
    )]
    InUse(String),
    /// A lab of another scenario has the name.
    #[error("a lab of that name exists, made from the scenario `{0}`")]
    Scenario(String),
    /// A lab of the same scenario has the name, and is not what was asked for.
    #[error("a lab of that name exists, made from the same scenario with another {}", .0.join(", "))]
    Unlike(Vec<String>),
    /// An object of another lab has the name.
    #[error("`{object}` belongs to the lab `{lab}`")]
    Other {
        /// The object.
        object: String,
        /// Its lab.
        lab: String,
    },
    /// An object that does not belong to `lab` has the name.
    #[error("`{0}` exists and does not belong to lab")]
    Foreign(String),
}

impl LabError {
    /// Whether somebody pressed ctrl-c, and nothing else went wrong.
    #[must_use]
    pub fn is_interrupt(&self) -> bool {
        matches!(
            self,
            Self::Interrupted | Self::Image(ImageError::Interrupted)
        )
    }
}
