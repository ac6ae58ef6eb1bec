//! `rows`: how many rows tables have.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::words::joined;
use crate::action::{Beside, Declare};
use crate::name::{NodeName, TableName};
use crate::text::count;

/// How many rows tables have, by table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rows(pub BTreeMap<TableName, u64>);

impl Declare for Rows {
    const EXAMPLE: &'static str = "\
- rows: { employer: 3 }
  on: subscriber
";

    fn describe(&self) -> String {
        let pairs = self.0.iter();
        joined(pairs.map(|(table, rows)| format!("{table} has {}", count(rows, "row"))))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn takes(&self, key: Beside) -> bool {
        matches!(key, Beside::On | Beside::Database)
    }
}
