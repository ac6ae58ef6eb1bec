//! Steps one at a time, each from its own process. The lab's labels record which are done.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::groups::groups;
use super::scene::Scene;
use super::walk::{Ended, Walk, outcome};
use super::{Captured, Outcome, StepOptions, Walked};
use crate::action::Step;
use crate::engine::{Engine, EngineError, Selector, Volume};
use crate::event::{Reporter, Silent};
use crate::lab::{Lab, LabError, labels};
use crate::name::LabName;

/// Carries out one step that is not part of a scenario.
///
/// # Errors
/// [`LabError::Interrupted`]. The findings of the step are in the result.
pub async fn one(
    lab: &Lab,
    step: &Step,
    within: Duration,
    cancel: &CancellationToken,
) -> Result<Outcome, LabError> {
    let scene = Scene::new(lab, within, cancel, within);
    let began = Instant::now();
    let mut walk = Walk::new(&scene, Arc::new(Silent), cancel);
    let seen = walk.carry_out(step).await;
    let what = step.describe();
    outcome(step, "1".to_owned(), what, began.elapsed(), seen).ok_or(LabError::Interrupted)
}

/// Walks through some of a lab's steps, counted from 0, without its teardown. They must include all steps of each session
/// that they use. Passed steps are recorded with the lab.
///
/// # Errors
/// [`LabError::Interrupted`], or the engine's error. The findings of the steps are in the result.
pub async fn part(
    lab: &Lab,
    steps: Range<usize>,
    options: &StepOptions,
    reporter: Arc<dyn Reporter>,
    cancel: &CancellationToken,
) -> Result<Walked, LabError> {
    let plan = lab.whole_plan().await?;
    let stop = cancel.child_token();
    let scene = Scene::new(lab, options.within, &stop, plan.limit.0).with_secrets_of(&plan);
    scene.forget_no_log(steps.start).await;
    let before = captured(&lab.engine, &plan.lab, steps.start).await?;
    scene.recall(before).await;
    let mut walk = Walk::new(&scene, reporter, cancel);
    let these = plan.steps.get(steps.clone()).unwrap_or_default();
    let ended = walk.all(these, "", steps.start, &stop).await;
    let mut evidence = None;
    if ended == Ended::Failed {
        evidence = Some(walk.evidence().await);
    }
    scene.close_sessions().await;
    let captured = scene.captured().await;
    match ended {
        Ended::Interrupted => return Err(LabError::Interrupted),
        Ended::Well => {
            for at in steps {
                mark(lab, at + 1, &captured).await?;
            }
        }
        Ended::Failed => {}
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

/// The next steps, counted from 0: one, or all that share a session with it. `None` if all are done.
///
/// # Errors
/// The engine's error.
pub async fn next(lab: &Lab) -> Result<Option<Range<usize>>, LabError> {
    let done = done(&lab.engine, &lab.plan.lab).await?;
    let mut groups = groups(&lab.plan.steps).into_iter();
    Ok(groups.find(|group| group.clone().any(|at| !done.contains(&(at + 1)))))
}

/// The numbers of the steps that are done, counted from 1.
async fn done(engine: &Engine, lab: &LabName) -> Result<BTreeSet<usize>, EngineError> {
    let volumes = engine.volumes(&Selector::lab(lab)).await?;
    let prefix = labels::step_object(lab, "");
    let number = |volume: &Volume| volume.name.strip_prefix(&prefix)?.parse().ok();
    Ok(volumes.iter().filter_map(number).collect())
}

/// The values that the steps up to a number captured in this lab, from any process.
pub(super) async fn captured(
    engine: &Engine,
    lab: &LabName,
    to: usize,
) -> Result<Captured, EngineError> {
    let volumes = engine.volumes(&Selector::lab(lab)).await?;
    let prefix = labels::step_object(lab, "");
    let number = |volume: &Volume| volume.name.strip_prefix(&prefix)?.parse::<usize>().ok();
    let mut done: Vec<(usize, &Volume)> = volumes
        .iter()
        .filter_map(|volume| Some((number(volume)?, volume)))
        .filter(|(number, _)| *number <= to)
        .collect();
    // Each record includes the earlier values, so the last one is complete.
    done.sort_by_key(|(number, _)| *number);
    let values = done.into_iter().filter_map(|(_, volume)| {
        let json = volume.labels.get(labels::CAPTURED_LABEL)?;
        serde_json::from_str::<Captured>(json).ok()
    });
    Ok(values.flatten().collect())
}

/// Records that a step, counted from 1, is done, and the values captured so far.
async fn mark(lab: &Lab, number: usize, captured: &Captured) -> Result<(), EngineError> {
    let mut own = labels::of_lab(&lab.claim);
    if !captured.is_empty()
        && let Ok(json) = serde_json::to_string(captured)
    {
        own.insert(labels::CAPTURED_LABEL.to_owned(), json);
    }
    let volume = Volume {
        name: labels::step_object(&lab.plan.lab, &number.to_string()),
        labels: own,
    };
    // An existing volume would keep its old labels.
    if !captured.is_empty() {
        lab.engine.remove_volume(&volume.name).await?;
    }
    lab.engine.create_volume(&volume).await.map(drop)
}

/// Records the passed steps of a run whose lab is kept.
///
/// # Errors
/// The engine's error.
pub async fn mark_all(lab: &Lab, walked: &Walked) -> Result<(), EngineError> {
    for step in walked.steps.iter().filter(|step| step.passed) {
        // Steps within a step and steps of the teardown have numbers of another form.
        if let Ok(number) = step.number.parse() {
            mark(lab, number, &walked.captured).await?;
        }
    }
    Ok(())
}
