//! The expected result of a step.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Cell, Text};
use crate::name::SqlState;

/// The expected result. If there are several keys, all must hold.
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
    /// The error that the statement must end with: its SQLSTATE, or `{ code, has }`. A refused connection is an error
    /// too: `28000`, `3D000`, `53300` and the like, or `08001` if no server answers because the node is down or frozen.
    /// So is the end of a connection: `57P01` or another one that the server sends, or `08006` if the server was killed
    /// and sends nothing, or froze. `08006` also holds where `08001` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "error_schema")]
    pub error: Option<ExpectedError>,
    /// The wait event that the session's statement must be seen in: `SyncRep`, or its type: `Lock`. A wait of a moment, as a
    /// healthy commit has it, does not count: the statement must stay in the same wait for 200 ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// `true`: the session's statement must be seen running, whatever it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// A part of a program's output, or of a notice of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// A program's exit code. Default: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
}

impl Expect {
    /// Its texts that may name captured values.
    pub(super) fn texts(&mut self) -> Vec<Text<'_>> {
        let cells = self.rows.iter_mut().flatten().flatten();
        let mut texts = Text::cells(cells.chain(&mut self.value));
        let error = self.error.as_mut().and_then(|error| error.has.as_mut());
        let plain = error.into_iter().chain(&mut self.waiting);
        texts.extend(plain.chain(&mut self.output).map(Text::plain));
        texts
    }

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
    /// Its SQLSTATE (manual: "PostgreSQL Error Codes"): "25006".
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
