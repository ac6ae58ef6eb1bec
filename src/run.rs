//! Steps carried out: one after the other on a lab that is up, each to what it must bring.
//!
//! Owns the execution of steps. An action has a file here, named as its declaration in [`crate::action`], and a check one
//! in `check/`; the other files are shared by several of them. A step whose expectation is not met is a result, not an
//! error. An error means that the run could not go on.

pub mod by_hand;
mod check;
pub mod experiment;
mod forks;
pub mod groups;
mod kept;
mod ledgers;
mod links;
mod logs;
mod memory;
mod options;
mod positions;
mod scene;
mod servers;
mod sessions;
mod settings;
mod standby;
mod state;
mod statements;
#[cfg(test)]
mod stopped;
mod stopping;
mod subscriptions;
mod waits;
mod walk;
mod work;
mod wrong;

use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::action::{Action, PATIENCE, Step, actions};
use crate::event::Reporter;
use crate::lab::{Lab, LabError};

pub use crate::event::Outcome;
pub use options::{StepOptions, Teardown};
use scene::Scene;
use walk::{Ended, Walk};
use wrong::{Tried, Wrong};

/// All steps of a lab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Walked {
    /// Whether every step met its expectation.
    pub passed: bool,
    /// The steps that ran, in order. A failed step ends the run, except for the teardown.
    pub steps: Vec<Outcome>,
    /// The log lines since the step before the failed one, by node.
    pub logs: Vec<NodeLog>,
    /// The state of replication when a step failed.
    pub state: Option<crate::lab::status::Status>,
    /// The values that steps captured, by name.
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

/// An action that can be carried out.
trait Act {
    /// Carries it out and returns what it saw.
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried;
}

/// The actions' files, and the way to the one of a step.
macro_rules! act {
    ($($file:ident $Type:ident,)*) => {
        $(mod $file;)*

        impl Walk<'_, '_> {
            /// Carries out the step's action.
            async fn act(&mut self, step: &Step) -> Tried {
                match &step.action {
                    $(Action::$Type(it) => it.act(self, step).await,)*
                    Action::Check(it) => it.act(self, step).await,
                }
            }
        }
    };
}
actions!(act);

/// The node and the database of a step. The plan has filled them in.
fn target(step: &Step) -> Tried<(&crate::name::NodeName, &crate::name::DatabaseName)> {
    let target = step.on.as_ref().zip(step.database.as_ref());
    target.ok_or_else(|| Wrong::failed("this step names no node"))
}

/// Walks through a lab's steps, and through its teardown if the options ask for it.
///
/// # Errors
/// [`LabError::Interrupted`]. The findings of steps are in the result.
pub async fn walk(
    lab: &Lab,
    options: &StepOptions,
    reporter: Arc<dyn Reporter>,
    cancel: &CancellationToken,
) -> Result<Walked, LabError> {
    let plan = lab.whole_plan().await?;
    // The teardown has a limit of its own, so it also runs after the limit of the steps has expired.
    let stops = [cancel.child_token(), cancel.child_token()];
    let scene = Scene::new(lab, options.within, &stops[0], plan.limit.0);
    let mut walk = Walk::new(&scene, reporter, cancel);
    let first = options.from.saturating_sub(1).min(plan.steps.len());
    scene.forget_no_log(first).await;
    if first > 0 {
        let captured = by_hand::captured(&lab.engine, &plan.lab, first).await?;
        scene.recall(captured).await;
    }
    let mut ended = walk.all(&plan.steps[first..], "", first, &stops[0]).await;
    let mut evidence = None;
    if ended == Ended::Failed {
        evidence = Some(walk.evidence().await);
    }
    scene.close_sessions().await;
    let mut torn = Scene::new(lab, options.within, &stops[1], plan.limit.0);
    torn.marks = std::mem::take(&mut *scene.marks.lock().await).into();
    let captured = scene.captured().await;
    torn.recall(captured.clone()).await;
    // An interrupt removes the whole lab, so no teardown is needed.
    let tears_down = match (ended, options.teardown) {
        (Ended::Interrupted, _) | (_, Teardown::Never) => false,
        (_, Teardown::Always) => true,
        (ended, Teardown::Passed) => ended == Ended::Well,
    };
    if tears_down {
        walk.scene = &torn;
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

/// The state of a lab whose proof failed, so that its steps did not begin.
pub async fn not_begun(lab: &Lab, cancel: &CancellationToken) -> Walked {
    let scene = Scene::new(lab, PATIENCE, cancel, PATIENCE);
    Walked {
        passed: false,
        steps: Vec::new(),
        logs: scene.logs_since(None).await,
        state: status(lab).await,
        captured: Captured::new(),
    }
}

/// The state of replication now. Steps may have stopped or frozen containers, so they are looked up again. A node that
/// accepts a connection and never answers is not waited for.
async fn status(lab: &Lab) -> Option<crate::lab::status::Status> {
    let looking = async {
        let found = Lab::find(lab.engine.clone(), &lab.plan.lab).await;
        Some(found.ok()?.status().await)
    };
    tokio::time::timeout(PATIENCE, looking).await.ok()?
}
