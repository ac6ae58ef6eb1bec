//! `repeat`: steps for each value of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::joined;
use super::{Cell, Declare, Flaw, Gives, Known, Step, Text};
use crate::name::{NodeName, VariableName};
use crate::text::count;

/// Runs steps several times: once for each value of a list. A value may also replace a name, as in `on: ${node}`. It must
/// be a valid name then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Repeat {
    /// The values.
    pub over: Vec<Cell>,
    /// The name by which the steps know the value: `${name}`.
    #[serde(rename = "as")]
    pub name: VariableName,
    /// The steps.
    #[schemars(rename = "steps", with = "Vec<Step>")]
    pub rounds: Vec<Vec<Step>>,
}

impl Repeat {
    /// The steps of the round with the value of that index. One round stands for all if no value makes a difference to
    /// what is written.
    #[must_use]
    pub fn round(&self, index: usize) -> &[Step] {
        let own = self.rounds.get(index).or(self.rounds.first());
        own.map_or(&[], Vec::as_slice)
    }
}

impl Declare for Repeat {
    const EXAMPLE: &'static str = "\
- repeat:
    over: [1, 2, 3]
    as: round
    steps:
      - sql: INSERT INTO notes SELECT 100 * ${round}::int
- repeat:
    over: [replica, leaf]
    as: node
    steps:
      - restart: ${node}
      - sql: SELECT count(*) FROM notes
        on: ${node}
        expect: { value: 6 }
";

    fn describe(&self) -> String {
        let steps = count(self.round(0).len(), "step");
        let values = joined(self.over.iter().map(ToString::to_string));
        format!("run {steps} for each of {values}")
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        Text::cells(&mut self.over)
    }

    fn gives(&self) -> Gives {
        Gives::Verdict
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let empty = |key: &str| {
            let message = format!("`{key}` is empty: nothing would happen");
            vec![Flaw::value(key, message)]
        };
        if self.over.is_empty() {
            empty("over")
        } else if self.rounds.iter().all(Vec::is_empty) {
            empty("steps")
        } else {
            Vec::new()
        }
    }

    fn inner(&self) -> Vec<&[Step]> {
        self.rounds.iter().map(Vec::as_slice).collect()
    }

    fn inner_mut(&mut self) -> Vec<&mut Vec<Step>> {
        self.rounds.iter_mut().collect()
    }
}
