//! The kernel's support for faults, found out by trying them in a network of their own.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::{FaultError, beside};
use crate::action::Feature;
use crate::action::{self, Step};
use crate::engine::{Engine, NetworkPower};
use crate::event::Reporter;
use crate::image;
use crate::lab::error::LabError;
use crate::lab::{claim, labels, owner};
use crate::name::LabName;
use crate::plan::Plan;

/// The needs of a lab's steps for changing networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whether any step changes a network.
    pub network: bool,
    /// The kernel features that the changes need.
    pub features: BTreeSet<Feature>,
}

impl Needs {
    /// The needs of a plan's steps.
    #[must_use]
    pub fn of(steps: &[Step]) -> Self {
        let mut needs = Self::default();
        for features in action::all(steps)
            .into_iter()
            .filter_map(|step| step.action.network())
        {
            needs.network = true;
            needs.features.extend(features);
        }
        needs
    }
}

/// Checks, before a lab is made, that the kernel can do what its steps need.
///
/// Returns the reason to skip the lab, if the kernel lacks a feature that the scenario lists in `requires`.
///
/// # Errors
/// [`FaultError::Kernel`] when a feature is missing that is not in `requires`, or an error of [`image::ensure_net`].
pub async fn prepare(
    engine: &Engine,
    plan: &Plan,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Option<String>, LabError> {
    let mut needs = Needs::of(&plan.steps);
    let teardown = Needs::of(&plan.teardown);
    needs.network |= teardown.network;
    needs.features.extend(teardown.features);
    let mut tried = needs.features.clone();
    tried.extend(plan.requires.iter().copied());
    if !needs.network && tried.is_empty() {
        return Ok(None);
    }
    let found = image::ensure_net(engine, reporter, cancel).await?;
    let lacks = lacking(engine, &plan.lab, &found.reference, &tried).await?;
    let told = |is_required: bool| {
        let lacks = lacks.iter();
        let lacks = lacks.filter(|(feature, _)| plan.requires.contains(feature) == is_required);
        lacks.map(|(_, said)| said.clone()).collect::<Vec<_>>()
    };
    let required = told(true);
    if !required.is_empty() {
        return Ok(Some(required.join("; ")));
    }
    match told(false) {
        lacks if lacks.is_empty() => Ok(None),
        lacks => Err(FaultError::Kernel(lacks).into()),
    }
}

/// The features among these that the kernel lacks, each with the output of the attempt.
///
/// # Errors
/// The engine's error.
pub async fn lacking(
    engine: &Engine,
    lab: &LabName,
    image: &str,
    features: &BTreeSet<Feature>,
) -> Result<Vec<(Feature, String)>, LabError> {
    if features.is_empty() {
        return Ok(Vec::new());
    }
    // The process number keeps two attempts for labs of one name apart.
    let name = format!("{}.kernel-{}", labels::lab_object(lab), std::process::id());
    // No lab is claimed yet. As long as this process lives, `gc` leaves the container alone.
    let claim = claim::new(lab);
    let mut spec = beside::spec(&claim, name, image.to_owned(), NetworkPower::Own);
    let own = owner::this_process();
    spec.labels.insert(labels::OWNER_LABEL.to_owned(), own);
    let id = engine.create_container(&spec).await?;
    let tried = async {
        engine.start_container(&id).await?;
        let mut lacking = Vec::new();
        for feature in features {
            let ran = engine.exec(&id, &attempt(*feature), &[]).await?;
            if ran.code != 0 {
                let said = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
                let said = format!("has no `{feature}` (tc: {said})");
                lacking.push((*feature, said.replace('\n', " ")));
            }
        }
        Ok(lacking)
    }
    .await;
    engine.remove_container(&id).await?;
    tried
}

/// The program that fails if the kernel lacks the feature.
fn attempt(feature: Feature) -> Vec<String> {
    let command = match feature {
        Feature::Netem => "tc qdisc replace dev lo root netem delay 1ms",
        Feature::Htb => "tc qdisc replace dev lo root htb",
    };
    command.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load::{Overrides, Source, load};

    #[test]
    fn what_steps_within_steps_need_is_needed() {
        let text = "\
name: a
nodes: { p: {}, r: { standby_of: p } }
steps:
- repeat:
    over: [p]
    as: node
    steps:
    - hold: { check: { role: { r: standby } }, during: [{ delay: { from: '${node}', to: r, time: 1s } }] }
";
        let source = Source::new("a.yaml", text.as_bytes(), None).expect("text");
        let loaded = load(&source, &Overrides::default()).expect("a scenario");
        let needs = Needs::of(&loaded.scenario.steps);
        assert!(needs.network);
        assert!(needs.features.contains(&Feature::Netem));
    }
}
