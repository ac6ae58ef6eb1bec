//! Base backups that are kept, the archive, and recovery to a point.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::{BackupName, NodeName, ObjectName, SlotName};

/// A node that begins again as a standby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloneFrom {
    /// The node. What it had is gone.
    pub node: NodeName,
    /// The backup that it begins with.
    pub backup: BackupName,
    /// The node that it streams from.
    pub upstream: NodeName,
    /// The slot on the upstream that it streams through, made there if it is not there yet. None where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotName>,
}

/// A standby that becomes a subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSubscriber {
    /// The standby. It must be stopped.
    pub node: NodeName,
    /// The primary that it streamed from.
    pub upstream: NodeName,
    /// The subscription's name. The node's where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectName>,
}

/// A node that begins again as it was at some point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The node. What it had is gone; it is a primary afterwards, on a timeline of its own.
    pub node: NodeName,
    /// The backup that it begins with.
    pub backup: BackupName,
    /// How far the archive is replayed: one of these. To its end where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
}

/// Where recovery ends (manual, 19.5.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// At a time, as `now()` gives it: `recovery_target_time`.
    Time(String),
    /// At a point that `pg_create_restore_point` named: `recovery_target_name`.
    Name(String),
    /// At a transaction: `recovery_target_xid`.
    Xid(String),
    /// At a position in the log: `recovery_target_lsn`.
    Lsn(String),
    /// Just before a transaction: `recovery_target_xid` with `recovery_target_inclusive = off`.
    BeforeXid(String),
}

impl Target {
    /// The settings that say it.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Time(time) => vec![("recovery_target_time", time.clone())],
            Self::Name(name) => vec![("recovery_target_name", name.clone())],
            Self::Xid(xid) => vec![("recovery_target_xid", xid.clone())],
            Self::Lsn(lsn) => vec![("recovery_target_lsn", lsn.clone())],
            Self::BeforeXid(xid) => vec![
                ("recovery_target_xid", xid.clone()),
                ("recovery_target_inclusive", "off".to_owned()),
            ],
        }
    }
}

/// Whether the archive can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveState {
    /// It cannot.
    Broken,
    /// It can.
    Healed,
}
