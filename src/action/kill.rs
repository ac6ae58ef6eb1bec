//! `kill`: nodes that crash.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, OneOrMany};
use crate::name::NodeName;

/// Kills nodes, as a crash does: SIGKILL to all their processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kill(pub OneOrMany<NodeName>);

impl Declare for Kill {
    const EXAMPLE: &'static str = "\
- kill: primary
- start: primary
";

    fn describe(&self) -> String {
        format!("kill {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.at("").collect()
    }
}
