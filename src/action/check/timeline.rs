//! `timeline`: the timelines of nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::value::by_node;
use crate::action::words::states_of;
use crate::action::{Declare, Flaw, Known, StateOf, Step, Text};
use crate::name::NodeName;

/// The timeline that nodes are on, by node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline(#[schemars(schema_with = "by_node")] pub StateOf);

impl Declare for Timeline {
    const EXAMPLE: &'static str = "\
- timeline: { primary: 1, replica: 1 }
";

    fn describe(&self) -> String {
        states_of("is on timeline", &self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.keys().map(|node| ("", node)).collect()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        Text::cells(self.0.values_mut())
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let states = self.0.values().map(ToString::to_string);
        let wrong = |state: &String| state.parse::<u32>().is_err() && !state.contains("${");
        let wrong = states.filter(wrong).take(1);
        wrong
            .map(|state| Flaw::value("", format!("`{state}` is no timeline: those are numbers")))
            .collect()
    }
}
