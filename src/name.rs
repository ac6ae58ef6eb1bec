//! Names. Parsing checks them once.
//!
//! Owns the grammar of every identifier of a scenario. Never knows what the names refer to.

use std::fmt;

use serde::{Deserialize, Serialize};

mod table;

pub use table::TableName;

/// Why a text is not a valid name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {wanted}: {rule}")]
pub struct NameError {
    given: String,
    wanted: &'static str,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $wanted:literal, $rule:literal, $pattern:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks a name.
            ///
            /// # Errors
            /// When `given` breaks the rule of its type.
            pub fn new(given: impl Into<String>) -> Result<Self, NameError> {
                let given = given.into();
                let check: fn(&str) -> bool = $check;
                if check(&given) {
                    Ok(Self(given))
                } else {
                    Err(NameError { given, wanted: $wanted, rule: $rule })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(given: String) -> Result<Self, NameError> {
                Self::new(given)
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;
            fn from_str(given: &str) -> Result<Self, NameError> {
                Self::new(given)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "description": $rule })
            }
        }
    };
}

fn word(given: &str, longest: usize, also: char) -> bool {
    given.len() <= longest
        && given.starts_with(|c: char| c.is_ascii_lowercase())
        && given
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == also)
}

/// The longest identifier in bytes, `NAMEDATALEN - 1` (manual, "Identifiers and Key Words").
const IDENTIFIER_BYTES: usize = 63;

/// Whether SQL accepts a name without quotes (manual, "Identifiers and Key Words").
fn identifier(given: &str) -> bool {
    given.len() <= IDENTIFIER_BYTES
        && given.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && given
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

name!(
    /// The name of a lab and of a scenario: `physical-sync`.
    LabName,
    "a lab's name",
    "lower-case letters, digits and `-`, a letter first and no `-` last, at most 40 characters",
    "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$",
    |given| word(given, 40, '-') && !given.ends_with('-')
);

name!(
    /// The name of a node, which is also its host name inside the lab's network.
    ///
    /// It contains no `-`, so that `lab-NAME-NODE` is unambiguous and the name is also valid for a replication slot.
    NodeName,
    "a node's name",
    "lower-case letters, digits and `_`, a letter first, at most 32 characters",
    // In a step under `repeat` the list's variable may stand for it.
    r"^([a-z][a-z0-9_]{0,31}|.*\$\{[a-z_][a-z0-9_]*\}.*)$",
    |given| word(given, 32, '_')
);

name!(
    /// The name of a replication slot (manual, "Replication Slots").
    SlotName,
    "a replication slot's name",
    "lower-case letters, digits and `_`, at most 63 characters",
    // The same as in a node's name.
    r"^([a-z0-9_]{1,63}|.*\$\{[a-z_][a-z0-9_]*\}.*)$",
    |given| !given.is_empty()
        && given.len() <= IDENTIFIER_BYTES
        && given.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
);

name!(
    /// The name of a role that needs no quotes in `pg_hba.conf` or `.pgpass`.
    UserName,
    "a role's name",
    "lower-case letters, digits and `_`, a letter or `_` first, at most 63 characters, not starting with `pg_`",
    "^[a-z_][a-z0-9_]{0,62}$",
    |given| identifier(given) && !given.starts_with("pg_")
);

name!(
    /// The name of a database that needs no quotes.
    DatabaseName,
    "a database's name",
    "lower-case letters, digits and `_`, a letter or `_` first, at most 63 characters",
    "^[a-z_][a-z0-9_]{0,62}$",
    identifier
);

name!(
    /// A standby's `application_name`, which `synchronous_standby_names` matches.
    ApplicationName,
    "an application name",
    "letters, digits, `_` and `-`, at most 63 characters",
    "^[A-Za-z0-9_-]{1,63}$",
    |given| !given.is_empty()
        && given.len() <= IDENTIFIER_BYTES
        && given.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
);

name!(
    /// The name of a server setting, including custom ones (`auto_explain.log_min_duration`).
    SettingName,
    "a setting's name",
    "letters, digits, `_`, with at most one `.` between two parts",
    "^[A-Za-z_][A-Za-z0-9_$]*(\\.[A-Za-z_][A-Za-z0-9_$]*)?$",
    |given| {
        let part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        };
        given.len() <= IDENTIFIER_BYTES && given.split('.').count() <= 2 && given.split('.').all(part)
    }
);

name!(
    /// The name of a dataset: `shopping`.
    DatasetName,
    "a dataset's name",
    "lower-case letters, digits, `_` and `-`, a letter first, at most 63 characters",
    "^[a-z][a-z0-9_-]{0,62}$",
    |given| given.len() <= IDENTIFIER_BYTES
        && given.starts_with(|c: char| c.is_ascii_lowercase())
        && given.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
);

name!(
    /// The name of a publication, a subscription, a table, a column or a schema, without quotes.
    ObjectName,
    "a name in SQL",
    "lower-case letters, digits and `_`, a letter or `_` first, at most 63 characters",
    "^[a-z_][a-z0-9_]{0,62}$",
    identifier
);

macro_rules! found {
    ($($type:ident)*) => {$(
        impl $type {
            /// A name that a server has already, whatever its letters. It is compared and shown, and never written.
            #[must_use]
            pub(crate) fn found(name: impl AsRef<str>) -> Self {
                Self(name.as_ref().to_owned())
            }
        }
    )*};
}

found!(ApplicationName SlotName ObjectName);

name!(
    /// An SQLSTATE: `25006` (manual, "PostgreSQL Error Codes").
    SqlState,
    "an SQLSTATE",
    "five digits or capital letters, in quotes where they are a number: \"25006\"",
    "^[0-9A-Z]{5}$",
    |given| given.len() == 5 && given.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
);

name!(
    /// The name of a step: `commit-waits`.
    StepName,
    "a step's name",
    "lower-case letters, digits and `-`, a letter first, at most 60 characters",
    "^[a-z][a-z0-9-]{0,59}$",
    |given| word(given, 60, '-')
);

name!(
    /// The name of a value that a step captures: `before`. It is used as `${before}`.
    VariableName,
    "a variable's name",
    "lower-case letters, digits and `_`, a letter first, at most 32 characters",
    "^[a-z][a-z0-9_]{0,31}$",
    |given| word(given, 32, '_')
);

name!(
    /// The name of a kept base backup: `monday`.
    BackupName,
    "a backup's name",
    "lower-case letters, digits and `_`, a letter first, at most 32 characters",
    // In a step under `repeat` the list's variable may stand for it.
    r"^([a-z][a-z0-9_]{0,31}|.*\$\{[a-z_][a-z0-9_]*\}.*)$",
    |given| word(given, 32, '_')
);

name!(
    /// The name of a session, a connection that stays open over several steps: `writer`.
    SessionName,
    "a session's name",
    "lower-case letters, digits and `_`, a letter first, at most 32 characters",
    // In a step under `repeat` the list's variable may stand for it.
    r"^([a-z][a-z0-9_]{0,31}|.*\$\{[a-z_][a-z0-9_]*\}.*)$",
    |given| word(given, 32, '_')
);

/// A password. It is formatted and serialised as `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Secret(String);

impl Secret {
    /// Checks a password.
    ///
    /// # Errors
    /// When it is empty, or contains a line break, which a password file cannot store.
    pub fn new(given: impl Into<String>) -> Result<Self, NameError> {
        let given = given.into();
        if given.is_empty() || given.contains(['\n', '\r', '\0']) {
            return Err(NameError {
                given: "***".to_owned(),
                wanted: "a password",
                rule: "it is not empty and has no line break",
            });
        }
        Ok(Self(given))
    }

    /// The password in plain text, for the code that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = NameError;
    fn try_from(given: String) -> Result<Self, NameError> {
        Self::new(given)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// Serializes an optional password in plain text: for the plan, whose public part has a mark in its place.
///
/// # Errors
/// The serializer's.
pub fn exposed<S: serde::Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Password".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_name_takes_dashes_and_a_node_name_does_not() {
        assert!(LabName::new("physical-sync").is_ok());
        assert!(LabName::new("physical-").is_err());
        assert!(LabName::new("Physical").is_err());
        assert!(LabName::new("").is_err());
        assert!(NodeName::new("replica_1").is_ok());
        assert!(NodeName::new("replica-1").is_err());
        assert!(NodeName::new("1st").is_err());
    }

    #[test]
    fn a_setting_name_takes_one_dot() {
        assert!(SettingName::new("auto_explain.log_min_duration").is_ok());
        assert!(SettingName::new("a.b.c").is_err());
        assert!(SettingName::new("a b").is_err());
        assert!(SettingName::new("x = 1\nfsync").is_err());
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("replica123").expect("a password");
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
        assert_eq!(serde_json::to_string(&secret).expect("text"), "\"***\"");
    }
}
