//! A whole experiment: bring a lab up, run its steps, remove it. A scenario as a test.
//!
//! Owns the decision to keep or remove the lab. [`crate::lab::up`] and [`crate::run`] do the rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::event::Reporter;
use crate::lab::faults::kernel;
use crate::lab::up::{self, Up};
use crate::lab::{Lab, LabError, cleanup};
use crate::name::LabName;
use crate::plan::Plan;
use crate::run::{self, Teardown, Walked};
use crate::verify::{self, Verdict};

/// When the lab is kept. A kept lab stays as its steps left it, without its teardown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepLab {
    /// Never.
    #[default]
    Never,
    /// If a step failed.
    Failed,
    /// Always.
    Always,
}

/// Options of an experiment.
#[derive(Debug, Clone)]
pub struct ExperimentOptions {
    /// Options of `up`.
    pub up: up::Options,
    /// Options of the walk through its steps.
    pub steps: run::StepOptions,
    /// When the lab is kept.
    pub keep: KeepLab,
}

impl Default for ExperimentOptions {
    fn default() -> Self {
        Self {
            up: up::Options::new(Some(verify::proof)),
            steps: run::StepOptions::default(),
            keep: KeepLab::default(),
        }
    }
}

/// The result of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// The lab.
    pub lab: LabName,
    /// Whether the lab came up and every step passed. False for a skipped lab.
    pub passed: bool,
    /// Why the lab was skipped: a requirement of the scenario that this machine does not meet.
    pub skipped: Option<String>,
    /// Whether the lab still exists.
    pub kept: bool,
    /// The proof of replication, if it was requested.
    pub verdict: Option<Verdict>,
    /// The result of its steps. After a failed proof it has no steps, and the state of the lab.
    pub walked: Walked,
    /// The duration of `up`.
    pub up_took: Duration,
    /// The whole duration, removal included.
    pub took: Duration,
}

impl Ran {
    fn skipped(lab: LabName, reason: String, took: Duration) -> Self {
        Self {
            lab,
            passed: false,
            skipped: Some(reason),
            kept: false,
            verdict: None,
            walked: Walked {
                passed: false,
                steps: Vec::new(),
                logs: Vec::new(),
                state: None,
                captured: run::Captured::new(),
            },
            up_took: Duration::ZERO,
            took,
        }
    }
}

/// Brings a lab up, walks through its steps and removes it.
///
/// # Errors
/// If the lab cannot be created or removed, and [`LabError::Interrupted`], which leaves nothing behind. A failed step is
/// in the result.
pub async fn run(
    engine: &Engine,
    plan: Plan,
    options: &ExperimentOptions,
    reporter: Arc<dyn Reporter>,
    cancel: &CancellationToken,
) -> Result<Ran, LabError> {
    let began = Instant::now();
    let name = plan.lab.clone();
    if let Some(reason) = kernel::prepare(engine, &plan, reporter.as_ref(), cancel).await? {
        return Ok(Ran::skipped(name, reason, began.elapsed()));
    }
    let up = up::Options {
        for_this_process: options.keep == KeepLab::Never,
        ..options.up.clone()
    };
    let Up { lab, verdict, .. } =
        Box::pin(up::up(engine, plan, &up, Arc::clone(&reporter), cancel)).await?;
    let up_took = began.elapsed();
    let proven = verdict.as_ref().is_none_or(|verdict| verdict.passed);
    let walked = if proven {
        let steps = run::StepOptions {
            teardown: match options.keep {
                KeepLab::Never => Teardown::Always,
                KeepLab::Failed => Teardown::Passed,
                KeepLab::Always => Teardown::Never,
            },
            ..options.steps.clone()
        };
        let walking = run::walk(&lab, &steps, reporter, cancel);
        Box::pin(walking).await
    } else {
        Ok(run::not_begun(&lab, cancel).await)
    };
    // An interrupt leaves nothing behind, even one that came while evidence was collected.
    let walked = match walked {
        Ok(_) if cancel.is_cancelled() => Err(LabError::Interrupted),
        walked => walked,
    };
    let passed = walked.as_ref().is_ok_and(|walked| walked.passed);
    let kept = match options.keep {
        _ if walked.is_err() => false,
        KeepLab::Never => false,
        KeepLab::Failed => !passed,
        KeepLab::Always => true,
    };
    if !kept {
        let removed = cleanup::remove(engine, &lab.claim).await;
        if let Err(source) = removed {
            return Err(LabError::Leftover {
                lab: name,
                after: walked.err().map(Box::new),
                source: Box::new(source),
            });
        }
    }
    let walked = walked?;
    if kept {
        run::by_hand::mark_all(&lab, &walked).await?;
    }
    Ok(Ran {
        lab: name,
        passed,
        skipped: None,
        kept,
        verdict,
        walked,
        up_took,
        took: began.elapsed(),
    })
}

/// Walks through the steps of an existing lab, from a given step on, and keeps the lab, without its teardown.
///
/// # Errors
/// As [`run()`]; the lab is kept in any case.
pub async fn resume(
    lab: &Lab,
    options: &ExperimentOptions,
    reporter: Arc<dyn Reporter>,
    cancel: &CancellationToken,
) -> Result<Ran, LabError> {
    let began = Instant::now();
    let steps = run::StepOptions {
        teardown: Teardown::Never,
        ..options.steps.clone()
    };
    let walked = Box::pin(run::walk(lab, &steps, reporter, cancel)).await?;
    run::by_hand::mark_all(lab, &walked).await?;
    Ok(Ran {
        lab: lab.plan.lab.clone(),
        passed: walked.passed,
        skipped: None,
        kept: true,
        verdict: None,
        walked,
        up_took: Duration::ZERO,
        took: began.elapsed(),
    })
}
