//! `file`: a file in a node's data directory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::words::one_line;
use crate::action::{Beside, Declare, Text};
use crate::name::NodeName;

/// A file exists in a node's data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its path, relative to the data directory.
    pub path: String,
    /// Words that the file must contain. An empty text means that the file must be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

impl Declare for File {
    const EXAMPLE: &'static str = "\
- file: { path: standby.signal, has: \"\" }
  on: replica
";
    const SHORT: Option<&'static str> = Some("path");

    fn describe(&self) -> String {
        match &self.has {
            Some(has) if has.is_empty() => format!("file {} is empty", self.path),
            Some(has) => format!("file {} contains `{}`", self.path, one_line(has)),
            None => format!("file {} exists", self.path),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let has = self.has.iter_mut().map(Text::plain);
        has.chain([Text::plain(&mut self.path)]).collect()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }
}
