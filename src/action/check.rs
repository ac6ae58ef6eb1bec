//! What steps look at.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Amount, Cell, LedgerCheck, OneOrMany, Step};
use crate::name::{NodeName, ObjectName, SettingName, SlotName, TableName};

/// A condition that is waited for. A step has one of these keys in place of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Standbys stream: a node or a list of them, or `{ node, from }` with the upstream that it must be.
    Streaming(Streaming),
    /// Nodes have replayed or applied all that their upstreams had written when the step began.
    CaughtUp(OneOrMany<NodeName>),
    /// Every table of a node's subscriptions is copied and follows, and their workers run.
    Synced(Synced),
    /// What nodes are, by node: `primary` or `standby`, `down` where they do not run, `frozen` where they do and answer
    /// nobody. Every other check of a node that is down fails at once, and so does its `not`.
    Role(#[schemars(schema_with = "by_node")] StateOf),
    /// `sync_state` in `pg_stat_replication` of the node it is asked of, by standby: `sync`, `potential`, `quorum` or
    /// `async`.
    SyncState(#[schemars(schema_with = "by_node")] StateOf),
    /// The timeline that nodes are on, by node.
    Timeline(#[schemars(schema_with = "by_node")] StateOf),
    /// A replication slot: the keys that are written must be as written.
    Slot(SlotCheck),
    /// A server's log has a line with these words: a text, or `{ has, since }`.
    Log(LogCheck),
    /// A file in a node's data directory is there.
    File(FileCheck),
    /// Settings that a server runs with, by name, as `SHOW` writes them.
    Setting(SettingCheck),
    /// How many rows tables have, by table.
    Rows(RowCount),
    /// Two nodes have the same rows in the same tables.
    SameRows(NodePair),
    /// How far a node is behind the node that its log comes from.
    Lag(Lag),
    /// Some process of a server waits for an event: its name or its type, as in `pg_stat_activity`.
    Waiting(Waiting),
    /// How often at least a server has counted conflicts, by kind: `snapshot`, `lock`, `bufferpin`, `tablespace`,
    /// `deadlock` of a standby's queries with replay; `apply_error_count` and others of subscriptions.
    Conflict(#[schemars(schema_with = "by_kind")] Conflicts),
    /// Rows that one node has and another lacks.
    Unreplicated(Unreplicated),
    /// What became of the rows that a `ledger` wrote: which of those that were acknowledged a node does not have, and for how
    /// long nothing was acknowledged.
    Ledger(LedgerCheck),
}

impl Check {
    /// The key that it is written with.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Streaming(_) => "streaming",
            Self::CaughtUp(_) => "caught_up",
            Self::Synced(_) => "synced",
            Self::Role(_) => "role",
            Self::SyncState(_) => "sync_state",
            Self::Timeline(_) => "timeline",
            Self::Slot(_) => "slot",
            Self::Log(_) => "log",
            Self::File(_) => "file",
            Self::Setting(_) => "setting",
            Self::Rows(_) => "rows",
            Self::SameRows(_) => "same_rows",
            Self::Lag(_) => "lag",
            Self::Waiting(_) => "waiting",
            Self::Conflict(_) => "conflict",
            Self::Unreplicated(_) => "unreplicated",
            Self::Ledger(_) => "ledger",
        }
    }

    /// Whether it looks at the one server that `on` names.
    #[must_use]
    pub fn is_of_one_node(&self) -> bool {
        match self {
            Self::SyncState(_)
            | Self::Slot(_)
            | Self::Log(_)
            | Self::File(_)
            | Self::Setting(_)
            | Self::Waiting(_)
            | Self::Conflict(_)
            | Self::Ledger(_)
            | Self::Rows(_) => true,
            Self::Streaming(_)
            | Self::CaughtUp(_)
            | Self::Synced(_)
            | Self::Role(_)
            | Self::Timeline(_)
            | Self::Lag(_)
            | Self::Unreplicated(_)
            | Self::SameRows(_) => false,
        }
    }

    /// The nodes that it names, each with the key at which it does.
    #[must_use]
    pub fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        let at = |key: &'static str| move |node| (key, node);
        match self {
            Self::Streaming(streaming) => {
                let from = streaming.from.iter().map(at("from"));
                streaming
                    .node
                    .0
                    .iter()
                    .map(at("node"))
                    .chain(from)
                    .collect()
            }
            Self::CaughtUp(nodes) => nodes.0.iter().map(at("")).collect(),
            Self::Synced(synced) => vec![("node", &synced.node)],
            Self::Role(states) | Self::SyncState(states) | Self::Timeline(states) => {
                states.keys().map(at("")).collect()
            }
            Self::SameRows(same) => same.nodes.iter().map(at("nodes")).collect(),
            Self::Lag(lag) => vec![("node", &lag.node)],
            Self::Unreplicated(unreplicated) => {
                vec![("from", &unreplicated.from), ("node", &unreplicated.node)]
            }
            Self::Slot(_)
            | Self::Log(_)
            | Self::File(_)
            | Self::Setting(_)
            | Self::Waiting(_)
            | Self::Conflict(_)
            | Self::Ledger(_)
            | Self::Rows(_) => Vec::new(),
        }
    }
}

/// Standbys, and where they stream from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Streaming {
    /// The standbys.
    pub node: OneOrMany<NodeName>,
    /// The upstream that it must be. Any where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NodeName>,
}

/// Subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Synced {
    /// The subscriber.
    pub node: NodeName,
    /// One of its subscriptions. All of them where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectName>,
}

/// A word or a number by node.
pub type StateOf = BTreeMap<NodeName, Cell>;

/// Values by setting.
pub type SettingCheck = BTreeMap<SettingName, Cell>;

/// Numbers of rows by table.
pub type RowCount = BTreeMap<TableName, u64>;

/// A replication slot (manual, 52.20).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotCheck {
    /// Its name. With no other key, it has to be there.
    pub name: SlotName,
    /// Whether somebody streams from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_status: Option<String>,
    /// Why it is lost, from PostgreSQL 17 on: `wal_removed`, `rows_removed`, `wal_level_insufficient`, `idle_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidation_reason: Option<String>,
    /// Whether it is synchronised from a primary, on a standby (PostgreSQL 17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced: Option<bool>,
}

/// Words in a server's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogCheck {
    /// What one line must have in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
    /// What no line may have in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// The step, by its name, since whose beginning it must have been written. Since the first step where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<crate::name::StepName>,
}

/// A file of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileCheck {
    /// Its path, relative to the data directory.
    pub path: String,
    /// Words that it must have in it. An empty text: the file must be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

/// Two nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodePair {
    /// The nodes: two or more, each compared with the first.
    pub nodes: Vec<NodeName>,
    /// The tables. All that the first one has where silent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableName>,
}

/// How far behind (manual, 26.2.5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// The standby, or the subscriber.
    pub node: NodeName,
    /// So much at least: a size of log that is not replayed yet, `16MB`, or a time, `5s`, since the last transaction
    /// that was replayed was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    /// So much at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
}

/// Processes that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// The event, or its type: `SyncRep`, `Lock`.
    pub event: String,
    /// What kind of process it must be, as `backend_type` has it. Any where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
}

/// Counts by kind of conflict.
pub type Conflicts = BTreeMap<ObjectName, u64>;

/// The kinds of conflicts that servers count: the columns of `pg_stat_database_conflicts` without `confl_`, and those of
/// `pg_stat_subscription_stats` (manual, 27.2.18 and 27.2.8), some of which came with PostgreSQL 16 and 18.
pub const CONFLICTS: &[&str] = &[
    "tablespace",
    "lock",
    "snapshot",
    "bufferpin",
    "deadlock",
    "active_logicalslot",
    "apply_error_count",
    "sync_error_count",
    "insert_exists",
    "update_origin_differs",
    "update_exists",
    "update_deleted",
    "update_missing",
    "delete_origin_differs",
    "delete_missing",
    "multiple_unique_conflicts",
];

/// A word or a number by node. Other names have the same pattern, and a schema by pattern would not tell which is meant.
fn by_node(generator: &mut SchemaGenerator) -> Schema {
    let name = generator.subschema_for::<NodeName>();
    let value = generator.subschema_for::<Cell>();
    json_schema!({ "type": "object", "propertyNames": name, "additionalProperties": value })
}

/// Counts by kind of conflict, with or without what the server's columns begin with.
fn by_kind(_: &mut SchemaGenerator) -> Schema {
    let written = |prefix: &str| {
        CONFLICTS
            .iter()
            .map(move |kind| format!("{prefix}{kind}"))
            .collect::<Vec<_>>()
    };
    let kinds = [written(""), written("confl_")].concat();
    json_schema!({
        "type": "object", "propertyNames": { "enum": kinds },
        "additionalProperties": { "type": "integer", "minimum": 0 }
    })
}

/// Rows that are on one node and not on another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unreplicated {
    /// The node that has them.
    pub from: NodeName,
    /// The node that lacks them.
    pub node: NodeName,
    /// How many. At least one where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The tables. All that the first one has where silent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableName>,
}

/// A check that holds while steps happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Hold {
    /// The check: it is looked at again and again.
    pub check: Check,
    /// Whether it must never hold, instead of always.
    #[schemars(default)]
    pub never: bool,
    /// The steps that happen meanwhile.
    pub during: Vec<Step>,
}
