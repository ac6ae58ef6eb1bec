//! A node and its new upstream: what `follow`, `rewind` and `reclone` take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Flaw;
use crate::name::{NodeName, SlotName};

/// A node and its new upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The node that becomes a standby or already is one.
    pub node: NodeName,
    /// The node that it streams from.
    pub upstream: NodeName,
    /// The slot on the upstream that it streams through. It is created if it does not exist. Default: no slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotName>,
}

impl Upstream {
    pub(super) fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("node", &self.node), ("upstream", &self.upstream)]
    }

    pub(super) fn flaws(&self) -> Vec<Flaw> {
        if self.node != self.upstream {
            return Vec::new();
        }
        let flaw = Flaw::value(
            "upstream",
            format!("`{}` cannot stream from itself", self.node),
        );
        vec![flaw.help("name another node as its upstream")]
    }
}
