//! `diverged`: a node whose history has left that of another node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Declare, Flaw, Known, Step};
use crate::name::NodeName;

/// A node has WAL that is not part of another node's history, so it cannot follow that node: a node, or `{ node, from }`.
/// The point where the histories fork is found by timeline and position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diverged {
    /// The node.
    pub node: NodeName,
    /// The other node. Default: the one that `primary_conninfo` of a standby names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NodeName>,
}

impl Declare for Diverged {
    const EXAMPLE: &'static str = "- diverged: { node: leaf, from: primary }\n";
    const SHORT: Option<&'static str> = Some("node");

    fn describe(&self) -> String {
        let from = self.from.as_ref();
        let from = from.map_or_else(|| "its upstream".to_owned(), ToString::to_string);
        format!("{} has diverged from {from}", self.node)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        let from = self.from.iter().map(|from| ("from", from));
        [("node", &self.node)].into_iter().chain(from).collect()
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        if self.from.as_ref() != Some(&self.node) {
            return Vec::new();
        }
        let message = format!("`{}` cannot diverge from itself", self.node);
        vec![Flaw::value("from", message).help("name another node")]
    }
}
