//! What steps do with servers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OneOrMany;
use crate::name::{NodeName, SlotName};

/// Which nodes are stopped, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The nodes.
    pub node: OneOrMany<NodeName>,
    /// How. `fast` where silent.
    #[serde(default)]
    pub mode: StopMode,
}

/// How a server shuts down (manual, 18.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// It waits until every client has left.
    Smart,
    /// It ends all connections and writes a checkpoint.
    #[default]
    Fast,
    /// It stops as after a crash, and recovers when it starts again.
    Immediate,
}

impl StopMode {
    /// The signal that asks the postmaster for it.
    #[must_use]
    pub fn signal(self) -> &'static str {
        match self {
            Self::Smart => "SIGTERM",
            Self::Fast => "SIGINT",
            Self::Immediate => "SIGQUIT",
        }
    }
}

/// A node and the node that it is to stream from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// The node that becomes a standby, or is one.
    pub node: NodeName,
    /// The node that it streams from.
    pub upstream: NodeName,
    /// The slot on the upstream that it streams through, made there if it is not there yet. None where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotName>,
}

/// A signal to some of a server's processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Their `backend_type` in `pg_stat_activity`.
    pub backend: String,
    /// `SIGTERM` ends them, `SIGINT` cancels what they do, `SIGSTOP` and `SIGCONT` freeze and thaw them, `SIGKILL` makes
    /// the whole server recover. `SIGTERM` where silent.
    #[serde(default = "terminate")]
    pub signal: SignalName,
}

fn terminate() -> SignalName {
    SignalName::Term
}

/// A signal's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SignalName {
    /// Ends a process.
    #[serde(rename = "SIGTERM")]
    Term,
    /// Cancels what it does.
    #[serde(rename = "SIGINT")]
    Int,
    /// Freezes it.
    #[serde(rename = "SIGSTOP")]
    Stop,
    /// Lets it go on.
    #[serde(rename = "SIGCONT")]
    Cont,
    /// Kills it.
    #[serde(rename = "SIGKILL")]
    Kill,
}

impl SignalName {
    /// The name without `SIG`, as `kill` takes it everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Stop => "STOP",
            Self::Cont => "CONT",
            Self::Kill => "KILL",
        }
    }
}
