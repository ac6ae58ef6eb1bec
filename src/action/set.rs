//! `set`: settings changed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::joined;
use super::{Beside, Cell, Declare, Text};
use crate::name::{NodeName, SettingName};

/// Changes settings with `ALTER SYSTEM`, and reloads or restarts the server as they need. `null` resets one. A stopped
/// server has them when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Set(pub BTreeMap<SettingName, Option<Cell>>);

impl Declare for Set {
    const EXAMPLE: &'static str = "\
- set: { hot_standby_feedback: on, work_mem: null }
  on: replica
";

    fn describe(&self) -> String {
        joined(self.0.iter().map(|(name, value)| match value {
            Some(Cell(Some(value))) => format!("set {name} = {value}"),
            _ => format!("reset {name}"),
        }))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        Text::cells(self.0.values_mut().flatten())
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }
}
