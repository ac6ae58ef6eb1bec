//! `start`: stopped nodes started.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, OneOrMany};
use crate::name::NodeName;

/// Starts stopped nodes and waits until each takes connections. A node with `start: later` takes its base backup first;
/// `within` is a minute for such a node by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Start(pub OneOrMany<NodeName>);

impl Declare for Start {
    const EXAMPLE: &'static str = "- start: [replica, leaf, subscriber]\n";

    fn describe(&self) -> String {
        format!("start {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.at("").collect()
    }
}
