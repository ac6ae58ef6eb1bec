//! `thaw`: frozen nodes that continue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, OneOrMany};
use crate::name::NodeName;

/// Lets frozen nodes continue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Thaw(pub OneOrMany<NodeName>);

impl Declare for Thaw {
    const EXAMPLE: &'static str = "- thaw: replica\n";

    fn describe(&self) -> String {
        format!("thaw {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.at("").collect()
    }
}
