//! `freeze`: nodes whose processes stop where they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, OneOrMany};
use crate::name::NodeName;

/// Freezes every process of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Freeze(pub OneOrMany<NodeName>);

impl Declare for Freeze {
    const EXAMPLE: &'static str = "- freeze: replica\n";

    fn describe(&self) -> String {
        format!("freeze {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.at("").collect()
    }
}
