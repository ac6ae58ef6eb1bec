//! Writes that go on for a while.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;
use crate::name::{NodeName, SessionName};

/// Writes for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// What writes: `pgbench`, or the `ledger`, which writes numbered rows into the table `lab_ledger` of whichever
    /// node takes writes, and remembers which were acknowledged.
    #[serde(default)]
    pub kind: LoadKind,
    /// How many connections write. 4 where silent.
    #[serde(default = "four")]
    pub clients: u32,
    /// How long. A ledger in a session writes until `finish`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Span>,
    /// How many transactions each connection makes, for `pgbench`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<u32>,
    /// At most so many transactions a second in all, for `pgbench`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// The scale of the tables that `pgbench` makes before. No tables are made where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// A script of one's own for `pgbench`, instead of its built-in transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The nodes that a ledger may write to: the first that takes writes. All of the lab where silent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeName>,
}

fn four() -> u32 {
    4
}

/// What writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// PostgreSQL's own benchmark.
    #[default]
    Pgbench,
    /// Numbered rows.
    Ledger,
}

/// What became of a ledger's rows on a node. Of several keys all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerCheck {
    /// The session that wrote it. It must have been finished.
    pub session: SessionName,
    /// So many rows at least were acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at_least: Option<u64>,
    /// So many acknowledged rows are not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// So many acknowledged rows at least are not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at_least: Option<u64>,
    /// So many rows at most are there that were never acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unacknowledged_at_most: Option<u64>,
    /// So long at most nothing was acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_at_most: Option<Span>,
    /// So long at least nothing was acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_at_least: Option<Span>,
}
