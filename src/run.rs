//! Steps carried out: one after the other on a lab that is up, each to what it must bring.
//!
//! Owns the order, the time and the evidence. What a step may say is [`crate::action`]; each kind of step has a
//! file of its own below. A step that does not bring what it should is a result, not an error: errors are for what
//! kept us from going on.

pub mod by_hand;
mod check;
mod corrupt;
mod describe;
mod exec;
pub mod experiment;
mod fault;
mod follow;
pub mod groups;
mod hba;
mod hold;
mod ledger;
mod load;
mod log;
mod network;
mod options;
mod recovery;
mod rewind;
mod server;
mod session;
mod set;
mod signal;
mod sql;
mod stage;
#[cfg(test)]
mod stopped;
mod variables;
mod work;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::action::{Action, PATIENCE, Repeat, Step};
use crate::event::{Event, Reporter};
use crate::failure::Explain as _;
use crate::lab::{Lab, LabError};

pub use crate::event::Outcome;
pub use describe::describe;
use log::Mark;
pub use options::{Options, Teardown};
use stage::Stage;

/// All steps of a lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Walked {
    /// Whether every step brought what it should.
    pub passed: bool,
    /// The steps that happened, in their order. Those after one that failed did not, but for the teardown.
    pub steps: Vec<Outcome>,
    /// What the nodes wrote since the step before the one that failed, by node.
    pub logs: Vec<NodeLog>,
    /// How replication stood when a step failed.
    pub state: Option<crate::lab::status::Status>,
    /// The values that are known now because steps captured them, by name.
    #[serde(skip)]
    pub captured: Captured,
}

/// Values that steps captured, by name.
pub type Captured = std::collections::BTreeMap<String, String>;

/// The last lines of a node's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeLog {
    /// The node.
    pub node: String,
    /// The lines.
    pub lines: Vec<String>,
}

/// Why a step did not bring what it should.
#[derive(Debug)]
enum Wrong {
    /// Something else was seen.
    Unmet {
        /// What should have been.
        expected: String,
        /// What was.
        found: String,
    },
    /// It could not be carried out.
    Failed(String),
    /// It could not be carried out, for whom it is about is frozen.
    Frozen(String),
    /// Somebody pressed ctrl-c.
    Interrupted,
}

impl From<crate::engine::EngineError> for Wrong {
    fn from(error: crate::engine::EngineError) -> Self {
        Self::Failed(crate::text::chain(&error))
    }
}

impl From<LabError> for Wrong {
    fn from(error: LabError) -> Self {
        if error.is_interrupt() {
            return Self::Interrupted;
        }
        let why = crate::text::chain(&error);
        // What is done about a fault that cannot be had is not in the step.
        let hint = error.hint().filter(|_| matches!(error, LabError::Fault(_)));
        Self::Failed(hint.map_or_else(|| why.clone(), |hint| format!("{why}\nhint: {hint}")))
    }
}

impl From<tokio_postgres::Error> for Wrong {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(crate::server::client::words(error))
    }
}

/// What was seen, or why the step is wrong.
type Seen<T = String> = Result<T, Wrong>;

/// The node and the database that a step is about. The plan has filled them in.
fn target(step: &Step) -> Seen<(&crate::name::NodeName, &crate::name::DatabaseName)> {
    let target = step.on.as_ref().zip(step.database.as_ref());
    target.ok_or_else(|| Wrong::Failed("this step does not say which node it is about".to_owned()))
}

/// Walks through a lab's steps, and through its teardown where that is wanted.
///
/// # Errors
/// [`LabError::Interrupted`]; what steps find is in the result.
pub async fn walk(
    lab: &Lab,
    options: &Options,
    reporter: Arc<dyn Reporter>,
    cancel: &CancellationToken,
) -> Result<Walked, LabError> {
    let plan = lab.whole_plan().await?;
    // The teardown also happens after the limit has run out: it has one of its own.
    let stops = [cancel.child_token(), cancel.child_token()];
    let stage = Stage::new(lab, options.within, &stops[0], plan.limit.0);
    let mut walk = Walk::new(&stage, reporter, cancel);
    let first = options.from.saturating_sub(1).min(plan.steps.len());
    stage.forget_no_log(first).await;
    if first > 0 {
        let captured = by_hand::captured(&lab.engine, &plan.lab, first).await?;
        stage.recall(captured).await;
    }
    let mut ended = walk.all(&plan.steps[first..], "", first, &stops[0]).await;
    let mut evidence = None;
    if ended == Ended::Failed {
        evidence = Some(walk.evidence().await);
    }
    stage.close_sessions().await;
    let mut torn = Stage::new(lab, options.within, &stops[1], plan.limit.0);
    torn.marks = std::mem::take(&mut *stage.marks.lock().await).into();
    let captured = stage.captured().await;
    torn.recall(captured.clone()).await;
    // An interrupt takes the whole lab away: nothing needs tearing down.
    let tears_down = match (ended, options.teardown) {
        (Ended::Interrupted, _) | (_, Teardown::Never) => false,
        (_, Teardown::Always) => true,
        (ended, Teardown::Passed) => ended == Ended::Well,
    };
    if tears_down {
        walk.stage = &torn;
        let down = walk.all(&plan.teardown, "t", 0, &stops[1]).await;
        if down == Ended::Failed && evidence.is_none() {
            evidence = Some(walk.evidence().await);
        }
        if ended == Ended::Well || down == Ended::Interrupted {
            ended = down;
        }
        torn.close_sessions().await;
    }
    if ended == Ended::Interrupted {
        return Err(LabError::Interrupted);
    }
    let (logs, status) = evidence.unwrap_or_default();
    Ok(Walked {
        passed: ended == Ended::Well,
        steps: walk.outcomes,
        logs,
        state: status,
        captured,
    })
}

/// How a lab stands whose steps were not begun, because its proof failed.
pub async fn not_begun(lab: &Lab, cancel: &CancellationToken) -> Walked {
    let stage = Stage::new(lab, PATIENCE, cancel, PATIENCE);
    Walked {
        passed: false,
        steps: Vec::new(),
        logs: stage.logs_since(None).await,
        state: status(lab).await,
        captured: Captured::new(),
    }
}

/// How replication stands now. Steps have stopped and frozen containers since the lab was up, so they are looked for
/// again; a node that takes a connection and never answers is not waited for.
async fn status(lab: &Lab) -> Option<crate::lab::status::Status> {
    let looking = async {
        let found = Lab::find(lab.engine.clone(), &lab.plan.lab).await;
        Some(found.ok()?.status().await)
    };
    tokio::time::timeout(PATIENCE, looking).await.ok()?
}

/// How a series of steps ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    Failed,
    Interrupted,
}

struct Walk<'a, 'b> {
    stage: &'a Stage<'b>,
    reporter: Arc<dyn Reporter>,
    /// What somebody's ctrl-c cancels, and a limit that runs out does not.
    cancel: &'a CancellationToken,
    outcomes: Vec<Outcome>,
    /// How long each node's log was when each step began.
    marks: Vec<(String, Mark)>,
    /// Of these marks, the one of the step before the one that failed first.
    since: Option<usize>,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn new(
        stage: &'a Stage<'b>,
        reporter: Arc<dyn Reporter>,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            stage,
            reporter,
            cancel,
            outcomes: Vec::new(),
            marks: Vec::new(),
            since: None,
        }
    }

    /// What the nodes wrote since the step before the one that failed, and how replication stands.
    async fn evidence(&self) -> (Vec<NodeLog>, Option<crate::lab::status::Status>) {
        let mark = self.since.and_then(|since| self.marks.get(since));
        let logs = self.stage.logs_since(mark.map(|(_, mark)| mark)).await;
        (logs, status(self.stage.lab).await)
    }

    /// The steps, until the limit runs out. What waits then ends by itself and says what it saw; the rest is stopped a
    /// moment later.
    async fn all(
        &mut self,
        steps: &[Step],
        prefix: &str,
        before: usize,
        stop: &CancellationToken,
    ) -> Ended {
        let late = self.stage.remaining() + Duration::from_millis(300);
        let steps = self.steps(steps, prefix, before);
        tokio::pin!(steps);
        tokio::select! {
            ended = &mut steps => return ended,
            () = tokio::time::sleep(late) => stop.cancel(),
        }
        steps.await
    }

    async fn steps(&mut self, steps: &[Step], prefix: &str, before: usize) -> Ended {
        for (index, step) in steps.iter().enumerate() {
            let number = format!("{prefix}{}", before + index + 1);
            let mark = self.stage.mark(step.name.as_ref()).await;
            let own = self.marks.len();
            self.marks.push((number.clone(), mark));
            let filled = self.stage.fill(step).await;
            let unknown = self.stage.unknown(step).await;
            let what = describe(&filled);
            self.reporter.report(&Event::Step {
                number: number.clone(),
                say: step.say.clone(),
                what: what.clone(),
            });
            let began = Instant::now();
            let seen = match &filled.action {
                _ if self.stage.remaining().is_zero() => Err(Wrong::Failed("not begun".to_owned())),
                _ if unknown.is_some() => Err(Wrong::Failed(format!(
                    "`${{{}}}` is not known: no step that captures it was done",
                    unknown.unwrap_or_default()
                ))),
                Action::Hold(hold) => Box::pin(self.hold(&filled, hold, &number)).await,
                Action::Repeat(repeat) => Box::pin(self.repeat(repeat, &number)).await,
                _ => self.stage.step(&filled).await,
            };
            let seen = seen.map_err(|wrong| self.in_time(wrong));
            let outcome = outcome(step, number, what, began.elapsed(), seen);
            let Some(outcome) = outcome else {
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

    /// Steps for each value of a list.
    async fn repeat(&mut self, repeat: &Repeat, number: &str) -> Seen {
        for (index, value) in repeat.over.iter().enumerate() {
            let value = value.0.clone().unwrap_or_default();
            self.stage.give(repeat.name.as_str(), value).await;
            // The round is part of the number: `4#2.1` is the first step of the second round of the fourth.
            let prefix = format!("{number}#{}.", index + 1);
            match self.steps(repeat.round(index), &prefix, 0).await {
                Ended::Well => {}
                Ended::Interrupted => return Err(Wrong::Interrupted),
                Ended::Failed => return Err(Wrong::Failed("a step of it failed".to_owned())),
            }
        }
        Ok(format!("{} times", repeat.over.len()))
    }

    /// Of a step that is wrong because the run's time is up, that it is.
    fn in_time(&self, wrong: Wrong) -> Wrong {
        // A wait ends where the next look would come too late.
        if self.stage.remaining() > Duration::from_millis(200) || self.cancel.is_cancelled() {
            return wrong;
        }
        let limit = crate::text::duration(self.stage.lab.plan.limit.0);
        let late = format!("the scenario's `limit` of {limit} ran out at this step");
        match wrong {
            Wrong::Unmet { expected, found } => Wrong::Unmet {
                expected,
                found: format!("{found}\n{late}"),
            },
            Wrong::Failed(why) | Wrong::Frozen(why) => Wrong::Failed(format!("{why}\n{late}")),
            Wrong::Interrupted => Wrong::Failed(late),
        }
    }
}

fn outcome(
    step: &Step,
    number: String,
    what: String,
    took: Duration,
    seen: Seen,
) -> Option<Outcome> {
    let (passed, seen, expected) = match seen {
        Ok(seen) => (true, seen, None),
        Err(Wrong::Unmet { expected, found }) => (false, found, Some(expected)),
        Err(Wrong::Failed(why) | Wrong::Frozen(why)) => (false, why, None),
        Err(Wrong::Interrupted) => return None,
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
    })
}
