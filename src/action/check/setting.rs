//! `setting`: what a server runs with.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::words::joined;
use crate::action::{Beside, Cell, Declare, Text};
use crate::name::{NodeName, SettingName};

/// Settings that a server runs with, by name, as `SHOW` writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting(pub BTreeMap<SettingName, Cell>);

impl Declare for Setting {
    const EXAMPLE: &'static str = "\
- setting: { hot_standby_feedback: on }
  on: replica
";

    fn describe(&self) -> String {
        let pairs = self.0.iter();
        joined(pairs.map(|(name, value)| format!("{name} is {value}")))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        Text::cells(self.0.values_mut())
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }
}
