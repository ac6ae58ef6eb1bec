//! What a step must bring.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::Cell;
use crate::name::SqlState;

/// What must be seen. Of several keys all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The rows of the last statement, value by value and in this order: `[[SoftCorp, Software]]`, or `[]` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<Vec<Cell>>>,
    /// The one value of the last statement's one row.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Cell>,
    /// How many rows the last statement gave or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The error that the statement must end with: its SQLSTATE, or `{ code, has }`. The end of its connection is one:
    /// `57P01` or what else the server says then, and `08006` where it gives no answer any more, being killed or stopped
    /// at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "error_schema")]
    pub error: Option<ExpectedError>,
    /// The wait event that the session's statement must be seen in: `SyncRep`, or a type of them: `Lock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// `true`: the session's statement must be seen running, whatever it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// A part of what a program wrote, or of a notice of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// A program's exit code. 0 where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
}

impl Expect {
    /// Whether the statement goes on after its step.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.waiting.is_some() || self.running == Some(true)
    }
}

/// `value: null` expects NULL, and that is not the same as no `value`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cell>, D::Error> {
    Cell::deserialize(deserializer).map(Some)
}

fn error_schema(generator: &mut SchemaGenerator) -> Schema {
    let code = generator.subschema_for::<SqlState>();
    let error = generator.subschema_for::<ExpectedError>();
    json_schema!({ "anyOf": [code, error] })
}

/// An error of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// Its SQLSTATE (manual, appendix A): "25006".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SqlState>,
    /// A part of its message, DETAIL, HINT or CONTEXT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

impl fmt::Display for ExpectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.has) {
            (Some(code), Some(has)) => write!(f, "the error {code} with `{has}`"),
            (Some(code), None) => write!(f, "the error {code}"),
            (None, Some(has)) => write!(f, "an error with `{has}`"),
            (None, None) => f.write_str("an error"),
        }
    }
}
