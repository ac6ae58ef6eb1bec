//! Publications and subscriptions as they are written (manual: "Logical Replication").
//!
//! Owns the keys and what they mean to PostgreSQL. Never resolves a name: that is the checks' and the plan's work.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::{NodeName, ObjectName, SlotName, TableName};

/// A publication (manual: `CREATE PUBLICATION`).
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct Publication {
    /// The tables: a list, or `all`.
    #[schemars(default)]
    pub tables: Tables,
    /// The schemas of which every table is published, later ones included. PostgreSQL 15 or later.
    #[schemars(default)]
    pub schemas: Vec<ObjectName>,
    /// The published changes. Default: all four.
    #[schemars(default)]
    pub publish: Option<Vec<Operation>>,
    /// Whether a partitioned table is published as itself instead of as its partitions.
    #[schemars(default)]
    pub via_root: bool,
}

/// The tables of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tables {
    /// Every table of the database.
    All,
    /// These.
    These(Vec<PublishedTable>),
}

impl Default for Tables {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl JsonSchema for Tables {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Tables".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<TableName>();
        let table = generator.subschema_for::<PublishedTable>();
        schemars::json_schema!({
            "description": "The tables: a list, or `all`.",
            "anyOf": [
                { "const": "all" },
                { "type": "array", "items": { "anyOf": [name, table] } }
            ]
        })
    }
}

/// One table of a publication, with what of it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct PublishedTable {
    /// The table's name.
    pub name: TableName,
    /// The published columns. Default: all. PostgreSQL 15 or later.
    #[schemars(default)]
    pub columns: Vec<ObjectName>,
    /// The rows that are published: an expression as after `WHERE`. PostgreSQL 15 or later.
    #[serde(rename = "where")]
    #[schemars(rename = "where")]
    pub filter: Option<String>,
}

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// New rows.
    Insert,
    /// Changed rows.
    Update,
    /// Removed rows.
    Delete,
    /// Emptied tables.
    Truncate,
}

impl Operation {
    /// All kinds, in PostgreSQL's order.
    pub const ALL: [Self; 4] = [Self::Insert, Self::Update, Self::Delete, Self::Truncate];

    /// The word in `publish`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
        }
    }
}

/// A subscription (manual: `CREATE SUBSCRIPTION`).
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct Subscription {
    /// The node that it connects to: another node's name. It may be a standby, from PostgreSQL 16 on.
    pub upstream: NodeName,
    /// The publications, which that node's primary has.
    pub publications: Vec<ObjectName>,
    /// The replication slot on the upstream. Default: the subscription's name.
    pub slot: Option<SlotName>,
    /// Whether the subscription creates its slot. If not, `lab` creates it before.
    #[schemars(default = "yes")]
    pub create_slot: bool,
    /// Whether existing rows are copied.
    #[schemars(default = "yes")]
    pub copy_data: bool,
    /// `any` change of the upstream, or only changes without an origin (`none`), which prevents loops. PostgreSQL 16 or later.
    pub origin: Option<ChangeOrigin>,
    /// Whether large transactions are sent before they are committed.
    pub streaming: Option<Streaming>,
    /// Whether prepared transactions are sent as such. PostgreSQL 15 or later.
    pub two_phase: Option<bool>,
    /// Whether an error disables the subscription. Otherwise its worker retries for ever. PostgreSQL 15 or later.
    pub disable_on_error: Option<bool>,
    /// Whether values are sent in binary form.
    pub binary: Option<bool>,
    /// Whether its slot is copied to the upstream's standbys. PostgreSQL 17 or later.
    pub failover: Option<bool>,
}

fn yes() -> bool {
    true
}

/// The origin of the changes that a subscription requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOrigin {
    /// All.
    Any,
    /// Only changes that were not replicated to the upstream.
    None,
}

impl fmt::Display for ChangeOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::None => "none",
        })
    }
}

/// The streaming of large transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Streaming {
    /// After their commit.
    Off,
    /// As they go, kept in files until their commit.
    On,
    /// As they go, applied by workers of their own. PostgreSQL 16 or later.
    Parallel,
}

impl fmt::Display for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Parallel => "parallel",
        })
    }
}
