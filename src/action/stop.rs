//! `stop`: nodes stopped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, OneOrMany};
use crate::name::NodeName;

/// Stops nodes: a node, a list of nodes, or `{ node, mode }` with the mode `smart`, `fast` or `immediate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The nodes.
    pub node: OneOrMany<NodeName>,
    /// How the server shuts down. Default: `fast`.
    #[serde(default)]
    pub mode: StopMode,
}

/// How a server shuts down (manual: "Shutting Down the Server").
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

    /// The mode as it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Smart => "smart",
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

impl Declare for Stop {
    const EXAMPLE: &'static str = "\
- stop: { node: replica, mode: immediate }
- stop: [leaf, subscriber]
";
    const SHORT: Option<&'static str> = Some("node");

    fn describe(&self) -> String {
        format!("stop {} ({})", self.node, self.mode.word())
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.node.at("node").collect()
    }
}
