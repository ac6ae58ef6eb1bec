//! What the kernel under the engine can do to a link: found out by trying, in a network of its own.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::{FaultError, beside};
use crate::action::Feature;
use crate::action::{self, Step};
use crate::engine::{Engine, NetworkPower};
use crate::event::Reporter;
use crate::image;
use crate::lab::error::LabError;
use crate::lab::labels;
use crate::name::LabName;
use crate::plan::Plan;

/// What a lab's steps need to change networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Whether any network is changed at all.
    pub network: bool,
    /// What the kernel must be able to do for it.
    pub features: BTreeSet<Feature>,
}

impl Needs {
    /// What the steps need.
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

/// Makes sure, before a lab is made, that its steps can have what they need of the network.
///
/// Returns why the lab is to be skipped, where it is: what its scenario says that it requires is missing.
///
/// # Errors
/// [`FaultError::Kernel`] when something is missing that the scenario does not speak of; what [`image::ensure_net`] says.
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

/// Which of these the kernel lacks, each with what was said about it.
///
/// # Errors
/// What the engine says.
pub async fn lacking(
    engine: &Engine,
    lab: &LabName,
    image: &str,
    features: &BTreeSet<Feature>,
) -> Result<Vec<(Feature, String)>, LabError> {
    if features.is_empty() {
        return Ok(Vec::new());
    }
    // Two that try for labs of one name have not the same process, and neither takes the other's away.
    let name = format!("{}.kernel-{}", labels::lab_object(lab), std::process::id());
    let spec = beside::spec(lab, name, image.to_owned(), NetworkPower::Own);
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

/// The program that fails where the kernel lacks a feature.
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
