//! A whole experiment: a lab brought up, its steps, and the lab taken away again. A scenario as a test.
//!
//! Owns what is kept and what is removed. What happens in between is [`crate::lab::up`]'s and [`crate::run`]'s.

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

/// When the lab stays. One that stays does so as its steps left it: its teardown does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepLab {
    /// Not at all.
    #[default]
    Never,
    /// When a step failed.
    Failed,
    /// Whatever became of it.
    Always,
}

/// How an experiment is run.
#[derive(Debug, Clone)]
pub struct ExperimentOptions {
    /// How the lab is brought up.
    pub up: up::Options,
    /// How its steps are walked through.
    pub steps: run::StepOptions,
    /// When the lab stays.
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

/// An experiment that was run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// The lab.
    pub lab: LabName,
    /// Whether it came up as it should and every step brought what it should. Not where it was skipped.
    pub passed: bool,
    /// Why nothing was done at all: what the scenario requires is missing here.
    pub skipped: Option<String>,
    /// Whether the lab is still there.
    pub kept: bool,
    /// The proof of replication, where one was asked for.
    pub verdict: Option<Verdict>,
    /// Its steps; none where the proof failed already, and then how the lab stood.
    pub walked: Walked,
    /// How long bringing it up took.
    pub up_took: Duration,
    /// How long all of it took, with taking it away.
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

/// Brings a lab up, walks through its steps and takes it away.
///
/// # Errors
/// When the lab cannot be made or removed, and [`LabError::Interrupted`], which leaves nothing. A step that fails
/// is in the result.
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
    // An interrupt leaves nothing, also one that came while what had failed was looked at.
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
        let removed = cleanup::remove(engine, &name).await;
        removed.map_err(|error| LabError::Leftover {
            lab: name.clone(),
            source: Box::new(error.into()),
        })?;
    }
    let walked = walked?;
    if kept {
        run::by_hand::mark_all(engine, &name, &walked).await?;
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

/// Walks through the steps of a lab that is there, from one of them on, and leaves it there, without its teardown.
///
/// # Errors
/// As [`run()`]; the lab stays in any case.
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
    run::by_hand::mark_all(&lab.engine, &lab.plan.lab, &walked).await?;
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
