//! `sql_file`: statements from a file.

use std::borrow::Cow;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::sql::runs_programs;
use super::{Beside, Declare, Gives, Text};
use crate::name::NodeName;

/// A file of SQL beside the scenario, and its content once it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlFile {
    /// Its path, relative to the scenario file.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

impl JsonSchema for SqlFile {
    fn schema_name() -> Cow<'static, str> {
        "SqlFile".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Runs the SQL in a file. Its path is relative to the scenario file, and leads to a regular file below the scenario's folder.",
            "type": "string"
        })
    }
}

impl Declare for SqlFile {
    const EXAMPLE: &'static str = "\
- sql_file: more.sql
  on: primary
";

    fn describe(&self) -> String {
        format!("run {}", self.path.display())
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        vec![Text::sql(&mut self.text)]
    }

    fn takes(&self, _: Beside) -> bool {
        true
    }

    fn gives(&self) -> Gives {
        Gives::Rows
    }

    fn makes_standby<'a>(&'a self, on: Option<&'a NodeName>) -> Option<&'a NodeName> {
        on.filter(|_| runs_programs(&self.text))
    }
}
