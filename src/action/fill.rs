//! `fill`: disks without room.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, Flaw, Known, OneOrMany, Step};
use crate::name::NodeName;

/// Fills the data disk of nodes. Each must have a `disk` of its own. A table that cannot grow is an error then; a server
/// whose WAL cannot grow ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fill(pub OneOrMany<NodeName>);

impl Declare for Fill {
    const EXAMPLE: &'static str = "- fill: primary\n";

    fn describe(&self) -> String {
        let disks = if self.0.0.len() > 1 { "disks" } else { "disk" };
        format!("fill the data {disks} of {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.at("").collect()
    }

    // Filling a disk without bounds would fill this host's.
    fn flaws(&self, _: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let unbounded = |node: &&NodeName| known.nodes.get(node).is_some_and(|node| !node.has_disk);
        let nodes = self.0.0.iter().filter(unbounded);
        nodes
            .map(|node| {
                let message =
                    format!("the data disk of `{node}` has no bounds and cannot be filled");
                Flaw::value("", message).help(format!("add `disk: 512MB` to `nodes.{node}`"))
            })
            .collect()
    }
}
