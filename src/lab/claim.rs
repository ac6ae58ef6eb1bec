//! The claim on a lab's name, and its network.
//!
//! Docker lets two networks have one name, so the claim is a volume. Creating a volume is atomic: if it exists, the
//! engine returns the existing one with its labels. A process that finds another's label has lost.

use std::hash::{BuildHasher as _, Hasher as _};

use crate::engine::{
    Container, Engine, EngineErrorKind, LAB_LABEL, Network, NetworkSpec, Selector, Volume,
};
use crate::name::LabName;
use crate::plan::Plan;

use super::error::{Holder, LabError};
use super::labels::{self, Claim};
use super::owner;
use super::subnet::{self, Subnet};

/// Takes the lab's name.
///
/// # Errors
/// [`LabError::Taken`] when somebody has it, or the engine's error.
pub async fn claim(engine: &Engine, plan: &Plan) -> Result<Claim, LabError> {
    let claim = new(&plan.lab);
    hold(engine, plan, &claim).await?;
    unclaimed(engine, &claim).await?;
    Ok(claim)
}

/// A claim with a word that nobody else has.
pub(super) fn new(lab: &LabName) -> Claim {
    Claim {
        lab: lab.clone(),
        word: random_word(),
    }
}

/// Makes the volume that holds the claim. A volume of the claim's own stays.
///
/// # Errors
/// [`LabError::Taken`] when somebody else has the name, or the engine's error.
pub(super) async fn hold(engine: &Engine, plan: &Plan, claim: &Claim) -> Result<(), LabError> {
    let wanted = Volume {
        name: labels::lab_object(&plan.lab),
        labels: labels::of_claim(plan, claim, &owner::this_process()),
    };
    let found = engine.create_volume(&wanted).await?;
    if labels::word(&found.labels) == Some(&claim.word) {
        return Ok(());
    }
    let by = match foreign_holder(&plan.lab, &found) {
        Some(other) => other,
        None => holder(engine, &plan.lab, &found).await?,
    };
    let lab = plan.lab.clone();
    Err(LabError::Taken { lab, by })
}

/// Gives the name back if containers of that name exist already. `docker volume prune` removes claims, because no
/// container uses them, and a failed `up` removes everything of its name.
async fn unclaimed(engine: &Engine, claim: &Claim) -> Result<(), LabError> {
    let containers = engine.containers(&Selector::lab(&claim.lab)).await;
    // A container with an owner is there for a moment, before its process claims the name.
    let is_part = |found: &Container| !found.labels.contains_key(labels::OWNER_LABEL);
    if containers
        .as_ref()
        .is_ok_and(|all| !all.iter().any(is_part))
    {
        return Ok(());
    }
    engine
        .remove_volume(&labels::lab_object(&claim.lab))
        .await?;
    containers?;
    let lab = claim.lab.clone();
    let by = Holder::Unclaimed;
    Err(LabError::Taken { lab, by })
}

/// The holder of a volume that should be this claim's; `None` if it is.
pub(super) fn other_holder(claim: &Claim, volume: &Volume) -> Option<Holder> {
    foreign_holder(&claim.lab, volume).or_else(|| {
        let is_ours = claim.owns(&volume.labels);
        (!is_ours).then(|| Holder::Earlier(volume.name.clone()))
    })
}

/// The holder of a volume that should be of this lab's name; `None` if it is.
///
/// Names can collide: the volume of node `sync` of lab `physical` has the name of the claim of lab `physical-sync`.
fn foreign_holder(lab: &LabName, volume: &Volume) -> Option<Holder> {
    match volume.labels.get(LAB_LABEL) {
        None => Some(Holder::Foreign(volume.name.clone())),
        Some(owner) if owner != lab.as_str() => Some(Holder::Other {
            object: volume.name.clone(),
            lab: owner.clone(),
        }),
        Some(_) => None,
    }
}

async fn holder(engine: &Engine, lab: &LabName, claim: &Volume) -> Result<Holder, LabError> {
    let volumes = engine.volumes(&Selector::lab(lab)).await?;
    // The process that made a complete lab may still live: a test, or a program that uses this crate.
    if let Some(ready) = whole(&volumes, lab.as_str(), labels::word(&claim.labels)) {
        let owner = ready.labels.get(labels::OWNER_LABEL);
        return Ok(owner.map_or(Holder::Exists, |owner| Holder::InUse(owner::shown(owner))));
    }
    Ok(match claim.labels.get(labels::OWNER_LABEL) {
        Some(owner) if !owner::has_ended(owner) => Holder::Making(owner::shown(owner)),
        _ => Holder::Abandoned,
    })
}

/// Creates the lab's network on the subnet of the plan, or else on the first free one. It tries the next one when another
/// process was faster.
///
/// # Errors
/// [`LabError::NoAddresses`] when all are taken, or the engine's error.
pub(super) async fn network(
    engine: &Engine,
    (plan, claim): (&Plan, &Claim),
) -> Result<Network, LabError> {
    if let Some(subnet) = &plan.subnet {
        return Ok(engine.create_network(&spec(claim, subnet.clone())).await?);
    }
    let mut taken: Vec<Subnet> = engine
        .networks(None)
        .await?
        .iter()
        .filter_map(|network| Subnet::parse(network.subnet.as_deref()?))
        .collect();
    taken.extend(subnet::of_this_host());
    let hosts = plan.nodes.len() + plan.services.len();
    for subnet in subnet::candidates(claim.lab.as_str(), hosts, &taken) {
        match engine
            .create_network(&spec(claim, subnet.to_string()))
            .await
        {
            Ok(network) => return Ok(network),
            Err(error) if error.kind == EngineErrorKind::AddressOverlap => {
                tracing::debug!(%subnet, "another network was faster");
            }
            Err(error) => return Err(error.into()),
        }
    }
    let lab = claim.lab.clone();
    Err(LabError::NoAddresses { lab })
}

fn spec(claim: &Claim, subnet: String) -> NetworkSpec {
    NetworkSpec {
        name: labels::network_object(claim),
        subnet: Some(subnet),
        labels: labels::of_lab(claim),
    }
}

/// A word that no other process has. The standard library seeds its hashes from the system's randomness.
pub(super) fn random_word() -> String {
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

/// Whether the lab with that word is complete.
pub(super) fn is_whole(volumes: &[Volume], lab: &str, word: Option<&String>) -> bool {
    whole(volumes, lab, word).is_some()
}

/// The volume that marks the lab with that word as complete, if its owner, where it has one, still lives.
fn whole<'a>(volumes: &'a [Volume], lab: &str, word: Option<&String>) -> Option<&'a Volume> {
    let name = format!("lab-{lab}.ready");
    let mut volumes = volumes.iter();
    let ready = volumes.find(|volume| {
        let own = labels::word(&volume.labels);
        volume.name == name && (own.is_none() || own == word)
    });
    ready.filter(|ready| {
        let owner = ready.labels.get(labels::OWNER_LABEL);
        owner.is_none_or(|owner| !owner::has_ended(owner))
    })
}
