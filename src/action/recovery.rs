//! Base backups that are kept, the archive, and recovery to a point.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Cell;
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
    /// `false`: it ends just before a `time`, an `xid` or an `lsn`: `recovery_target_inclusive`. Just after it where
    /// silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusive: Option<bool>,
    /// Along which timeline: `latest`, which the server takes where this is silent, `current`, that of the backup, or a
    /// number: `recovery_target_timeline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
}

impl Restore {
    /// The settings that say where recovery ends.
    #[must_use]
    pub fn target(&self) -> Vec<(&'static str, String)> {
        let mut settings = self.to.as_ref().map_or_else(Vec::new, Target::settings);
        settings.extend(self.inclusive.map(|is| {
            let word = if is { "on" } else { "off" };
            ("recovery_target_inclusive", word.to_owned())
        }));
        let timeline = self.timeline.as_ref();
        settings.extend(timeline.map(|Timeline(word)| ("recovery_target_timeline", word.clone())));
        settings
    }

    /// The same in a line: `recovery_target_name = before`, or that it ends where the archive does.
    #[must_use]
    pub fn target_in_words(&self) -> String {
        let pairs = self.target().into_iter();
        let mut parts: Vec<String> = pairs
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        if self.to.is_none() {
            parts.insert(0, "the archive's end".to_owned());
        }
        parts.join(", ")
    }
}

/// A timeline to recover along: `latest`, `current` or a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Cell")]
pub struct Timeline(String);

impl TryFrom<Cell> for Timeline {
    type Error = String;
    fn try_from(cell: Cell) -> Result<Self, String> {
        let word = cell.to_string();
        let is_number = word.parse::<u32>().is_ok_and(|number| number > 0);
        if is_number || word == "latest" || word == "current" || word.contains("${") {
            return Ok(Self(word));
        }
        Err(format!(
            "`{word}` is no timeline to recover along: `latest`, `current` or a number is"
        ))
    }
}

impl JsonSchema for Timeline {
    fn schema_name() -> Cow<'static, str> {
        "Timeline".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A timeline to recover along: `latest`, `current` or a number.",
            "type": ["string", "integer"]
        })
    }
}

/// Where recovery ends (manual, 19.5.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// As soon as what the backup holds is consistent: `recovery_target = immediate`.
    Immediate,
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
            Self::Immediate => vec![("recovery_target", "immediate".to_owned())],
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
