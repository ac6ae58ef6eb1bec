//! `streaming`: standbys that stream.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::words::verb;
use crate::action::{Declare, OneOrMany};
use crate::name::NodeName;

/// Standbys stream: a node or a list of nodes, or `{ node, from }` with the upstream that they must stream from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Streaming {
    /// The standbys.
    pub node: OneOrMany<NodeName>,
    /// The upstream. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NodeName>,
}

impl Declare for Streaming {
    const EXAMPLE: &'static str = "- streaming: { node: replica, from: primary }\n";
    const SHORT: Option<&'static str> = Some("node");

    fn describe(&self) -> String {
        let from = self.from.as_ref();
        let from = from.map_or_else(String::new, |from| format!(" from {from}"));
        format!("{} {}{from}", self.node, verb(&self.node, "stream"))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        let from = self.from.iter().map(|from| ("from", from));
        self.node.at("node").chain(from).collect()
    }
}
