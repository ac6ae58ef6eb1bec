//! `postgresql.conf` (manual: "Parameter Interaction via the Configuration File"), rendered from settings that know their
//! origin.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// The origin of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It stands in the scenario.
    Scenario,
    /// It follows from the topology, for this reason.
    Derived(String),
}

/// One line of `postgresql.conf`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The setting's name.
    pub name: String,
    /// Its value, without quotes.
    pub value: String,
    /// Its origin.
    pub origin: Origin,
}

impl Setting {
    /// A setting that follows from the topology.
    #[must_use]
    pub fn derived(name: &str, value: impl Into<String>, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
            origin: Origin::Derived(why.to_owned()),
        }
    }
}

/// The file's text: each setting quoted, derived ones with their reason.
#[must_use]
pub fn render(node: &str, settings: &[Setting]) -> String {
    let mut text = format!("# postgresql.conf of `{node}`, written by lab\n");
    for setting in settings {
        let line = format!("{} = {}", setting.name, quoted(&setting.value));
        match &setting.origin {
            Origin::Scenario => _ = writeln!(text, "{line}"),
            Origin::Derived(why) => _ = writeln!(text, "{line:<47} # {why}"),
        }
    }
    text
}

/// A value in single quotes, with quotes and backslashes doubled.
///
/// A backslash starts an escape inside quotes in this file, whatever `standard_conforming_strings` says.
#[must_use]
pub fn quoted(value: &str) -> String {
    let doubled = value.replace('\\', "\\\\").replace('\'', "''");
    format!("'{}'", doubled.replace('\n', "\\n").replace('\r', "\\r"))
}

/// A value of a connection string (manual: "Connection Strings"): quoted where it holds anything but plain characters.
#[must_use]
pub fn conninfo_value(value: &str) -> String {
    let plain = !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    if plain {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted("it's"), "'it''s'");
        assert_eq!(quoted("a\nfsync = off"), "'a\\nfsync = off'");
        assert_eq!(quoted("C:\\x"), "'C:\\\\x'");
    }

    #[test]
    fn a_derived_setting_says_why() {
        let settings = [
            Setting {
                name: "wal_keep_size".to_owned(),
                value: "64MB".to_owned(),
                origin: Origin::Scenario,
            },
            Setting::derived("wal_log_hints", "on", "pg_rewind needs it"),
        ];
        let text = render("primary", &settings);
        assert!(text.contains("\nwal_keep_size = '64MB'\n"), "{text}");
        assert!(
            text.contains("wal_log_hints = 'on'                            # pg_rewind needs it\n"),
            "{text}"
        );
    }

    #[test]
    fn a_conninfo_value_is_quoted_when_it_must_be() {
        assert_eq!(conninfo_value("replica_node"), "replica_node");
        assert_eq!(conninfo_value("o'brien x"), "'o\\'brien x'");
        assert_eq!(conninfo_value(""), "''");
    }
}
