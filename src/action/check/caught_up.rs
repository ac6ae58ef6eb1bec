//! `caught_up`: nodes that have caught up with their upstreams.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Declare, OneOrMany};
use crate::name::NodeName;

/// Nodes have replayed or applied all WAL that their upstreams had when the step began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaughtUp(pub OneOrMany<NodeName>);

impl Declare for CaughtUp {
    const EXAMPLE: &'static str = "\
- caught_up: [replica, subscriber]
  within: 30s
";

    fn describe(&self) -> String {
        let verb = if self.0.0.len() == 1 { "has" } else { "have" };
        format!("{} {verb} caught up", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.at("").collect()
    }
}
