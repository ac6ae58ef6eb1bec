//! `follow`: a node that streams from another one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::upstream::Upstream;
use super::{Declare, Flaw, Known, Step};
use crate::name::NodeName;

/// Makes a node stream from another one: writes `primary_conninfo` and `standby.signal`, and restarts the node if it must.
/// It fails if the node has diverged from the other one, and names the fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Follow(pub Upstream);

impl Declare for Follow {
    const EXAMPLE: &'static str = "- follow: { node: leaf, upstream: primary, slot: leaf_slot }\n";

    fn describe(&self) -> String {
        format!("make {} follow {}", self.0.node, self.0.upstream)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.nodes()
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        self.0.flaws()
    }

    fn makes_standby<'a>(&'a self, _: Option<&'a NodeName>) -> Option<&'a NodeName> {
        Some(&self.0.node)
    }
}
