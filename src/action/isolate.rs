//! `isolate`: nodes cut off from all others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, Flaw, Known, OneOrMany, Step};
use crate::action::Feature;
use crate::name::NodeName;

/// Cuts nodes off from all other nodes, both ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Isolate(pub OneOrMany<NodeName>);

impl Declare for Isolate {
    const EXAMPLE: &'static str = "- isolate: replica\n";

    fn describe(&self) -> String {
        format!("isolate {} from all other nodes", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.at("").collect()
    }

    fn flaws(&self, _: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let flaw = || Flaw::value("", "there is no other node to cut it off from");
        (known.nodes.len() < 2).then(flaw).into_iter().collect()
    }

    fn network(&self) -> Option<&'static [Feature]> {
        Some(&[])
    }
}
