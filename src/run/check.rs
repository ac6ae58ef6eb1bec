//! Checks: what is looked at, and when it holds.

mod progress;
mod rows;
mod state;

use super::stage::Stage;
use super::{Seen, Wrong, describe};
use crate::action::{Check, Step};
use crate::wait::Probe;

impl Stage<'_> {
    /// Waits until a check holds.
    pub(super) async fn holds(&self, step: &Step, check: &Check) -> Seen {
        if let Check::CaughtUp(nodes) = check {
            return self.caught_up(step, &nodes.0).await;
        }
        let expected = || describe::check(check);
        self.wait(self.patience(step), expected, || self.look(step, check))
            .await
    }

    /// Waits until a check does not hold.
    pub(super) async fn holds_not(&self, step: &Step, check: &Check) -> Seen {
        let expected = || format!("not: {}", describe::check(check));
        self.wait(self.patience(step), expected, || async {
            Ok(match self.look(step, check).await {
                Ok(Probe::Ready(seen)) => Probe::NotYet(seen),
                Ok(Probe::NotYet(seen)) => Probe::Ready(seen),
                Err(wrong) => return Err(wrong),
            })
        })
        .await
    }

    /// One look at a check.
    pub(super) async fn look(&self, step: &Step, check: &Check) -> Seen<Probe<String>> {
        match check {
            Check::Streaming(streaming) => self.streaming(streaming).await,
            Check::CaughtUp(nodes) => self.is_caught_up(&nodes.0).await,
            Check::Synced(synced) => self.synced(step, synced).await,
            Check::Role(states) => self.roles(states).await,
            Check::Timeline(states) => self.states(states, Self::timeline).await,
            Check::SyncState(states) => self.sync_states(super::target(step)?.0, states).await,
            Check::Slot(slot) => self.slot_is(super::target(step)?.0, slot).await,
            Check::Log(log) => self.log_has(super::target(step)?.0, log).await,
            Check::File(file) => self.file(super::target(step)?.0, file).await,
            Check::Setting(settings) => {
                let (node, _) = super::target(step)?;
                let mut seen = Looked::default();
                for (name, wanted) in settings {
                    match self.setting_is(node, name.as_str(), wanted).await? {
                        Ok(said) => seen.add(true, said),
                        Err(said) => seen.add(false, said),
                    }
                }
                Ok(seen.probe())
            }
            Check::Rows(counts) => self.row_counts(step, counts).await,
            Check::SameRows(same) => self.same_rows(step, same).await,
            Check::Lag(lag) => self.lag(lag).await,
            Check::Waiting(waiting) => self.waiting(super::target(step)?.0, waiting).await,
            Check::Conflict(conflicts) => self.conflicts(step, conflicts).await,
            Check::Ledger(ledger) => self.ledger_is(super::target(step)?.0, ledger).await,
            Check::Unreplicated(missing) => self.unreplicated(step, missing).await,
        }
    }
}

/// What was seen of several things that all must hold.
#[derive(Debug, Default)]
struct Looked {
    good: Vec<String>,
    bad: Vec<String>,
}

impl Looked {
    fn add(&mut self, holds: bool, said: String) {
        if holds { &mut self.good } else { &mut self.bad }.push(said);
    }

    /// What held, where everything did; what did not, otherwise.
    fn probe(self) -> Probe<String> {
        if self.bad.is_empty() {
            Probe::Ready(self.good.join(", "))
        } else {
            Probe::NotYet(self.bad.join(", "))
        }
    }
}

/// A look that was kept from its answer: a server that is down does not do what is looked for.
fn failed(why: impl Into<String>) -> Wrong {
    Wrong::Failed(why.into())
}
