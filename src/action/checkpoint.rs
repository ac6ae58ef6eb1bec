//! `checkpoint`: a checkpoint at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declare;
use crate::name::NodeName;

/// Writes a checkpoint at once, as `CHECKPOINT` does, and reports what it wrote. A standby makes a restartpoint at the last
/// replayed checkpoint of its primary. If there is none since its last restartpoint, it writes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint(pub NodeName);

impl Declare for Checkpoint {
    const EXAMPLE: &'static str = "\
- checkpoint: primary
- caught_up: replica
- checkpoint: replica
";

    fn describe(&self) -> String {
        format!("write a checkpoint on {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("", &self.0)]
    }
}
