//! `switch_wal`: a segment of the write-ahead log that ends before it is full.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Declare};
use crate::name::NodeName;

/// Ends the segment of the write-ahead log that a primary writes to, as `pg_switch_wal()` does, so that it can be archived.
/// `capture` keeps the segment's name. If nothing was written since the last switch, no segment ends, and the name is that
/// of the segment that ended last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchWal(pub NodeName);

impl Declare for SwitchWal {
    const EXAMPLE: &'static str = "\
- switch_wal: primary
  capture: segment
";

    fn describe(&self) -> String {
        format!("switch the WAL segment of {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("", &self.0)]
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::Capture
    }
}
