//! The rounds of a `repeat`: every value's steps are checked, and what is wrong with a value is said where it stands.

use super::{Finding, Reading};
use crate::action::repeat::Repeat;
use crate::scenario::rounds;

impl<'a> Reading<'a> {
    /// The steps of each round. Each begins as the first does, so that a name which all of them give is no twin; what any of
    /// them changed is known afterwards.
    pub(super) fn rounds(&mut self, repeat: &'a Repeat, at: &str) {
        let before = self.clone();
        let mut after = before.clone();
        let rounds: Vec<Vec<Finding>> = repeat
            .rounds
            .iter()
            .map(|round| {
                *self = Reading {
                    found: Vec::new(),
                    ..before.clone()
                };
                self.steps(round, &format!("{at}.repeat.steps"));
                after.take_over(self, &before);
                std::mem::take(&mut self.found)
            })
            .collect();
        *self = after;
        let found = rounds::merged(&rounds, |finding, value| {
            finding
                .clone()
                .moved_to(format!("{at}.repeat.over[{value}]"))
        });
        self.found.extend(found);
    }

    /// Takes over what a round changed.
    fn take_over(&mut self, round: &Self, before: &Self) {
        self.known.names.extend(&round.known.names);
        self.captured.extend(round.captured.iter().cloned());
        self.known.backups.extend(&round.known.backups);
        self.known.standbys.extend(&round.known.standbys);
        self.sessions.retain(|name, _| {
            round.sessions.contains_key(name) || !before.sessions.contains_key(name)
        });
        for (name, session) in &round.sessions {
            if before.sessions.get(name) != Some(session) {
                self.sessions.insert(name, session.clone());
            }
        }
    }
}
