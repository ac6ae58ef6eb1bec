//! `reclone`: a node recreated from a base backup of its upstream.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::upstream::Upstream;
use super::{Declare, Flaw, Known, Step};
use crate::name::NodeName;

/// Removes a node's data and recreates it from a base backup of its upstream. The old data stays until the
/// new is complete, so a `disk` must hold both. Without room the step fails, and `start` starts the node as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reclone(pub Upstream);

impl Declare for Reclone {
    const EXAMPLE: &'static str = "- reclone: { node: replica, upstream: primary }\n";

    fn describe(&self) -> String {
        format!(
            "recreate {} from a base backup of {}",
            self.0.node, self.0.upstream
        )
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
