//! The rounds of a `repeat`: every value's steps are checked, and what is wrong with a value is said where it stands.

use super::{Finding, Walk};
use crate::scenario::rounds;
use crate::scenario::step::Repeat;

impl<'a> Walk<'a> {
    /// The steps of each round, which all begin as the first does.
    pub(super) fn rounds(&mut self, repeat: &'a Repeat, at: &str) {
        let before = self.clone();
        let rounds: Vec<Vec<Finding>> = repeat
            .rounds
            .iter()
            .map(|round| {
                *self = Walk {
                    found: Vec::new(),
                    ..before.clone()
                };
                self.steps(round, &format!("{at}.repeat.steps"));
                std::mem::take(&mut self.found)
            })
            .collect();
        self.found = before.found;
        let found = rounds::merged(&rounds, |finding, value| {
            finding
                .clone()
                .moved_to(format!("{at}.repeat.over[{value}]"))
        });
        self.found.extend(found);
    }
}
