//! `same_rows`: nodes with the same rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Declare};
use crate::name::{NodeName, TableName};

/// Two or more nodes have the same rows in the same tables. Rows are compared as values, column by column and by the
/// columns' names, and equal rows count each. The order of the columns does not matter, nor do the settings that decide how
/// a value looks as text. A column or a table that only the first node has is a difference; a column that only another node
/// has is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SameRows {
    /// The nodes. Each is compared with the first.
    pub nodes: Vec<NodeName>,
    /// The tables, each with its schema unless that is `public`. Names without quotes are taken as they are written.
    /// Default: all that the first node has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableName>,
}

impl Declare for SameRows {
    const EXAMPLE: &'static str =
        "- same_rows: { nodes: [primary, replica], tables: [employer] }\n";
    const SHORT: Option<&'static str> = Some("nodes");

    fn describe(&self) -> String {
        let nodes: Vec<&str> = self.nodes.iter().map(NodeName::as_str).collect();
        format!("{} have the same rows", nodes.join(" and "))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.nodes.iter().map(|node| ("nodes", node)).collect()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::Database
    }
}
