//! `corrupt`: a page that cannot be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Declare};
use crate::name::{NodeName, TableName};

/// Makes a page of a table unreadable, as a bad disk does: a table, or `{ table, block }`. The server is stopped and
/// started for it. Reading the page fails with SQLSTATE XX001. Only another node's copy mends it: see `reclone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// The table.
    pub table: TableName,
    /// The number of the page, counted from 0. Default: 0.
    #[serde(default)]
    pub block: u64,
}

impl Declare for Corrupt {
    const EXAMPLE: &'static str = "\
- corrupt: { table: employer, block: 0 }
  on: primary
";
    const SHORT: Option<&'static str> = Some("table");

    fn describe(&self) -> String {
        format!("overwrite page {} of {}", self.block, self.table)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn takes(&self, key: Beside) -> bool {
        matches!(key, Beside::On | Beside::Database)
    }
}
