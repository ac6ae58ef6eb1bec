//! `role`: the roles of nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::value::by_node;
use crate::action::words::states_of;
use crate::action::{Declare, Flaw, Known, StateOf, Step, Text};
use crate::name::NodeName;

/// The roles of nodes: `primary` or `standby`, `down` for a node that is not running, `frozen` for a node that is running
/// and does not answer. Every other check of a node that is down fails at once, and so does its `not`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role(#[schemars(schema_with = "by_node")] pub StateOf);

impl Declare for Role {
    const EXAMPLE: &'static str = "\
- role: { primary: primary, replica: standby }
- kill: primary
- role: { primary: down, replica: standby }
- start: primary
";

    fn describe(&self) -> String {
        states_of("is", &self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.keys().map(|node| ("", node)).collect()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        Text::cells(self.0.values_mut())
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let words = ["primary", "standby", "down", "frozen"];
        super::unknown_word(self.0.values(), &words, "role")
    }
}
