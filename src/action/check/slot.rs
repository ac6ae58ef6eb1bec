//! `slot`: a replication slot (manual: "`pg_replication_slots`").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Cell, Declare, Flaw, Known, Step, Text};
use crate::name::{NodeName, SlotName};

/// A replication slot exists and has these values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Its name. Without other keys the slot must only exist.
    pub name: SlotName,
    /// Whether a connection streams from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_status: Option<String>,
    /// The reason why it is lost, from PostgreSQL 17 on: `wal_removed`, `rows_removed`, `wal_level_insufficient`, `idle_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidation_reason: Option<String>,
    /// Whether it is a standby's copy of a failover slot and ready: synced, not temporary, not invalidated, so that a
    /// promotion keeps it (PostgreSQL 17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced: Option<bool>,
}

impl Slot {
    /// The expected values, by column of `pg_replication_slots`.
    #[must_use]
    pub fn columns(&self) -> Vec<(&'static str, String)> {
        let columns = [
            ("active", self.active.map(|value| value.to_string())),
            ("wal_status", self.wal_status.clone()),
            ("invalidation_reason", self.invalidation_reason.clone()),
            ("synced", self.synced.map(|value| value.to_string())),
        ];
        let wanted = columns.into_iter();
        wanted
            .filter_map(|(column, value)| Some((column, value?)))
            .collect()
    }
}

impl Declare for Slot {
    const EXAMPLE: &'static str = "\
- slot: { name: replica, active: true, wal_status: reserved }
  on: primary
";
    const SHORT: Option<&'static str> = Some("name");

    fn describe(&self) -> String {
        let columns = self.columns().into_iter();
        let columns = columns.map(|(column, value)| format!("{column} = {value}"));
        let columns: Vec<String> = columns.collect();
        match columns.as_slice() {
            [] => format!("slot {} exists", self.name),
            columns => format!("slot {}: {}", self.name, columns.join(", ")),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let texts = self.wal_status.iter_mut();
        let texts = texts.chain(&mut self.invalidation_reason);
        texts.map(Text::plain).collect()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let status = self.wal_status.clone().map(|status| Cell(Some(status)));
        let words = ["reserved", "extended", "unreserved", "lost"];
        super::unknown_word(status.iter(), &words, "`wal_status`")
    }
}
