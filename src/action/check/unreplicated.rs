//! `unreplicated`: rows that one node alone has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Declare};
use crate::name::{NodeName, TableName};
use crate::text::count;

/// One node has rows that another lacks. Rows are compared as in `same_rows`: as values, and equal rows count each. If it lacks a column, it lacks all rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unreplicated {
    /// The node that has them.
    pub from: NodeName,
    /// The node that lacks them.
    pub node: NodeName,
    /// How many. Default: at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The tables, each with its schema unless that is `public`. Default: all that the first node has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableName>,
}

impl Declare for Unreplicated {
    const EXAMPLE: &'static str =
        "- unreplicated: { from: primary, node: subscriber, tables: [notes] }\n";

    fn describe(&self) -> String {
        let rows = self.rows.map(|rows| count(rows, "row"));
        let rows = rows.unwrap_or_else(|| "rows".to_owned());
        format!("{} has {rows} that {} lacks", self.from, self.node)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("from", &self.from), ("node", &self.node)]
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::Database
    }
}
