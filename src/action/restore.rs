//! `restore`: point-in-time recovery of a node (manual: "Recovering Using a Continuous Archive Backup").

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Cell, Declare, Flaw, Known, Step, Text, archive, backup};
use crate::name::{BackupName, NodeName};
use crate::text::Unreadable;

/// Recreates a node from a kept base backup and replays the archive up to a recovery target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The node. Its old data is removed. It becomes a primary on a new timeline.
    pub node: NodeName,
    /// The backup.
    pub backup: BackupName,
    /// The recovery target. Default: the end of the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
    /// Whether a `time`, an `xid` or an `lsn` is itself replayed: `recovery_target_inclusive`. Default: `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusive: Option<bool>,
    /// The timeline to recover along: `latest`, `current` for that of the backup, or a number:
    /// `recovery_target_timeline`. Default: `latest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
}

impl Restore {
    /// The settings of the recovery target.
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

    /// The same in one line: `recovery_target_name = before`, or the end of the archive.
    #[must_use]
    pub fn target_in_words(&self) -> String {
        let pairs = self.target().into_iter();
        let mut parts: Vec<String> = pairs
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        if self.to.is_none() {
            parts.insert(0, "the end of the archive".to_owned());
        }
        parts.join(", ")
    }
}

/// A timeline to recover along: `latest`, `current` or a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Cell")]
pub struct Timeline(String);

impl TryFrom<Cell> for Timeline {
    type Error = Unreadable;
    fn try_from(cell: Cell) -> Result<Self, Unreadable> {
        let word = cell.to_string();
        let is_number = word.parse::<u32>().is_ok_and(|number| number > 0);
        if is_number || word == "latest" || word == "current" || word.contains("${") {
            return Ok(Self(word));
        }
        Err(Unreadable(format!(
            "`{word}` is no timeline to recover along: `latest`, `current` or a number is"
        )))
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

/// A recovery target (manual: "Recovery Target").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The first consistent state of the backup: `recovery_target = immediate`.
    Immediate,
    /// At a time, as `now()` gives it: `recovery_target_time`.
    Time(String),
    /// At a point that `pg_create_restore_point` named: `recovery_target_name`.
    Name(String),
    /// At a transaction: `recovery_target_xid`.
    Xid(String),
    /// At a position in the WAL: `recovery_target_lsn`.
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

    fn text(&mut self) -> Option<&mut String> {
        match self {
            Self::Immediate => None,
            Self::Time(text)
            | Self::Name(text)
            | Self::Xid(text)
            | Self::Lsn(text)
            | Self::BeforeXid(text) => Some(text),
        }
    }
}

impl Declare for Restore {
    const EXAMPLE: &'static str = "\
- restore: { node: leaf, backup: monday, to: { name: before_the_mistake } }
- restore: { node: leaf, backup: monday, to: { lsn: 0/4000028 }, inclusive: false, timeline: current }
- restore: { node: leaf, backup: monday, to: immediate }
";

    fn describe(&self) -> String {
        let to = self.target_in_words();
        format!(
            "restore {} from backup `{}` to {to}",
            self.node, self.backup
        )
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("node", &self.node)]
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let target = self.to.as_mut().and_then(Target::text);
        let timeline = self.timeline.as_mut().map(|Timeline(word)| word);
        target
            .into_iter()
            .chain(timeline)
            .map(Text::plain)
            .collect()
    }

    fn flaws(&self, _: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let mut flaws = backup::missing(&self.backup, known);
        flaws.extend(archive::missing(known));
        let why = match &self.to {
            _ if self.inclusive.is_none() => None,
            None => Some("the end of the archive is no recovery target"),
            Some(Target::Immediate) => Some("`immediate` has nothing before it"),
            Some(Target::Name(_)) => Some("a named point has nothing of its own to leave out"),
            Some(Target::BeforeXid(_)) => Some("`before_xid` says it already"),
            Some(Target::Time(_) | Target::Xid(_) | Target::Lsn(_)) => None,
        };
        flaws.extend(why.map(|why| {
            let flaw = Flaw::key("inclusive", format!("`inclusive` says nothing here: {why}"));
            flaw.help("it goes with `time`, `xid` and `lsn`")
        }));
        flaws
    }
}
