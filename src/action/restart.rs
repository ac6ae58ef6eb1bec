//! `restart`: nodes stopped and started.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stop::StopMode;
use super::{Declare, OneOrMany};
use crate::name::NodeName;

/// Stops nodes and starts them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// The nodes.
    pub node: OneOrMany<NodeName>,
    /// How the server shuts down. Default: `fast`.
    #[serde(default)]
    pub mode: StopMode,
}

impl Declare for Restart {
    const EXAMPLE: &'static str = "- restart: replica\n";
    const SHORT: Option<&'static str> = Some("node");

    fn describe(&self) -> String {
        format!("restart {} ({})", self.node, self.mode.word())
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.node.at("node").collect()
    }
}
