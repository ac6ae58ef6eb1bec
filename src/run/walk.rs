//! The walk through steps, one after the other.
//!
//! Owns the order, the numbers, the time and the evidence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::memory::Killed;
use super::scene::Scene;
use super::state::Mark;
use super::{NodeLog, Outcome, Tried, Wrong, status};
use crate::action::Step;
use crate::event::{Event, Reporter};

/// The outcome of a series of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    Failed,
    Interrupted,
}

/// A walk through steps.
pub(super) struct Walk<'a, 'b> {
    pub(super) scene: &'a Scene<'b>,
    reporter: Arc<dyn Reporter>,
    /// Cancelled by ctrl-c, and not by an expired limit.
    cancel: &'a CancellationToken,
    pub(super) outcomes: Vec<Outcome>,
    /// The length of each node's log when each step began.
    marks: Vec<(String, Mark)>,
    /// The mark of the step before the first failed one.
    since: Option<usize>,
}

impl<'a, 'b> Walk<'a, 'b> {
    pub(super) fn new(
        scene: &'a Scene<'b>,
        reporter: Arc<dyn Reporter>,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            scene,
            reporter,
            cancel,
            outcomes: Vec::new(),
            marks: Vec::new(),
            since: None,
        }
    }

    /// The log lines since the step before the failed one, and the state of replication.
    pub(super) async fn evidence(&self) -> (Vec<NodeLog>, Option<crate::lab::status::Status>) {
        let mark = self.since.and_then(|since| self.marks.get(since));
        // A server that has just ended may still be writing why. Asking for the status takes a moment.
        let status = status(self.scene.lab).await;
        (
            self.scene.logs_since(mark.map(|(_, mark)| mark)).await,
            status,
        )
    }

    /// Runs the steps until the limit expires. Waits then end by themselves and report what they saw; everything else is
    /// stopped a moment later.
    pub(super) async fn all(
        &mut self,
        steps: &[Step],
        prefix: &str,
        before: usize,
        stop: &CancellationToken,
    ) -> Ended {
        let late = self.scene.remaining() + Duration::from_millis(300);
        let steps = self.steps(steps, prefix, before);
        tokio::pin!(steps);
        tokio::select! {
            ended = &mut steps => return ended,
            () = tokio::time::sleep(late) => stop.cancel(),
        }
        steps.await
    }

    pub(super) async fn steps(&mut self, steps: &[Step], prefix: &str, before: usize) -> Ended {
        for (index, step) in steps.iter().enumerate() {
            let number = format!("{prefix}{}", before + index + 1);
            let mark = self.scene.mark(step.name.as_ref()).await;
            let own = self.marks.len();
            self.marks.push((number.clone(), mark));
            let filled = self.scene.fill(step).await;
            let what = self.scene.masked(&filled.describe());
            self.reporter.report(&Event::Step {
                number: number.clone(),
                say: step.say.clone(),
                what: what.clone(),
            });
            let killed = self.scene.killed().await;
            let began = Instant::now();
            let seen = self.step(step, &filled).await;
            let took = began.elapsed();
            let seen = match seen {
                Err(wrong) => Err(self.in_time(self.in_memory(wrong, &killed).await)),
                seen => seen,
            };
            let outcome = outcome(step, number, what, took, seen);
            let Some(outcome) = outcome.map(|outcome| self.masked(outcome)) else {
                return Ended::Interrupted;
            };
            self.reporter.report(&Event::Stepped(outcome.clone()));
            let passed = outcome.passed;
            self.outcomes.push(outcome);
            if !passed {
                self.since.get_or_insert(own.saturating_sub(1));
                return Ended::Failed;
            }
        }
        Ended::Well
    }

    /// An outcome without the lab's passwords, which a server's answer may have.
    fn masked(&self, outcome: Outcome) -> Outcome {
        let masked = |text: String| self.scene.masked(&text);
        Outcome {
            seen: masked(outcome.seen),
            expected: outcome.expected.map(masked),
            hint: outcome.hint.map(masked),
            ..outcome
        }
    }

    /// The number of the step that began last.
    pub(super) fn number(&self) -> String {
        let last = self.marks.last();
        last.map_or_else(String::new, |(number, _)| number.clone())
    }

    /// Carries out a step whose values are filled in, and captures its value if it has `capture`.
    async fn step(&mut self, step: &Step, filled: &Step) -> Tried {
        if self.scene.remaining().is_zero() {
            return Err(Wrong::failed("not begun"));
        }
        if let Some(name) = self.scene.unknown(step).await {
            let why = format!("`${{{name}}}` has no value: the step that captures it has not run");
            return Err(Wrong::failed(why));
        }
        self.carry_out(filled).await
    }

    /// The same without the limit.
    pub(super) async fn carry_out(&mut self, step: &Step) -> Tried {
        let scene = self.scene;
        if scene.cancel.is_cancelled() {
            return Err(Wrong::Interrupted);
        }
        scene.given.lock().await.take();
        let seen = as_expected(step, self.act(step).await);
        // A step leaves no connection behind that a later one could notice.
        scene.close_readers().await;
        let seen = seen?;
        if let Some(name) = &step.capture {
            let given = scene.given.lock().await.take();
            let given = given.ok_or_else(|| {
                let why = format!("`{name}` has no value: the step gave none, or NULL");
                Wrong::failed(why)
            })?;
            scene.give(name.as_str(), given).await;
        }
        Ok(seen)
    }

    /// Adds that the memory of nodes ran out during the step.
    async fn in_memory(&self, wrong: Wrong, before: &Killed) -> Wrong {
        if matches!(wrong, Wrong::Interrupted) {
            return wrong;
        }
        let lines = self.scene.out_of_memory(before).await;
        // A step within this one may have said it.
        let new = |wrong: &Wrong, line: &str| !wrong.to_string().contains(line);
        lines.iter().fold(wrong, |wrong, line| {
            if new(&wrong, line) {
                wrong.and_line(line)
            } else {
                wrong
            }
        })
    }

    /// Adds that the limit expired, if that is why the step failed.
    fn in_time(&self, wrong: Wrong) -> Wrong {
        // A wait ends when the next look would come after the limit.
        if self.scene.remaining() > Duration::from_millis(200) || self.cancel.is_cancelled() {
            return wrong;
        }
        let limit = crate::text::duration(self.scene.lab.plan.limit.0);
        let late = format!("the scenario's `limit` of {limit} expired during this step");
        match wrong {
            Wrong::Interrupted => Wrong::failed(late),
            wrong => wrong.and_line(&late),
        }
    }
}

/// The report of a step.
pub(super) fn outcome(
    step: &Step,
    number: String,
    what: String,
    took: Duration,
    seen: Tried,
) -> Option<Outcome> {
    let passed = seen.is_ok();
    let (seen, expected, hint) = match seen {
        Ok(seen) => (seen, None, None),
        Err(Wrong::Unmet { expected, found }) => (found, Some(expected), None),
        Err(Wrong::Interrupted) => return None,
        Err(wrong) => {
            let hint = wrong.failure().and_then(|why| why.hint.clone());
            (wrong.to_string(), None, hint)
        }
    };
    Some(Outcome {
        number,
        name: step.name.as_ref().map(ToString::to_string),
        say: step.say.clone(),
        what,
        passed,
        took_ms: (took.as_secs_f64() * 1e5).round() / 100.0,
        seen,
        expected,
        hint,
    })
}

/// Compares an error with the expected one. Statements compare the server's error themselves.
fn as_expected(step: &Step, seen: Tried) -> Tried {
    let wanted = step
        .expect
        .as_ref()
        .and_then(|expect| expect.error.as_ref());
    let Some(wanted) = wanted.filter(|_| !step.action.gives().is_rows()) else {
        return seen;
    };
    let unmet = |found| Wrong::Unmet {
        expected: wanted.to_string(),
        found,
    };
    match seen {
        Ok(seen) => Err(unmet(format!("no error, but {seen}"))),
        Err(wrong) if wrong.failure().is_some() => {
            let said = wrong.to_string();
            let is_code = wanted.code.as_ref().is_none_or(|code| {
                let error = wrong.server_error();
                error.is_some_and(|error| error.is(code.as_str()))
            });
            let has = wanted.has.as_ref().is_none_or(|has| said.contains(has));
            if is_code && has {
                Ok(said)
            } else {
                Err(unmet(said))
            }
        }
        Err(wrong) => Err(wrong),
    }
}
