//! The claim on a lab's name, and its network.
//!
//! Docker lets two networks have one name, so the claim is a volume. Creating a volume is atomic: if it exists, the
//! engine returns the existing one with its labels. A process that finds another's label has lost.

use std::hash::{BuildHasher as _, Hasher as _};

use crate::engine::{Engine, EngineErrorKind, LAB_LABEL, Network, NetworkSpec, Selector, Volume};
use crate::name::LabName;
use crate::plan::Plan;

use super::error::{Holder, LabError};
use super::labels;
use super::subnet::{self, Subnet};

/// Takes the lab's name.
///
/// # Errors
/// [`LabError::Taken`] when somebody has it, or the engine's error.
pub async fn claim(engine: &Engine, plan: &Plan) -> Result<(), LabError> {
    let name = labels::lab_object(&plan.lab);
    let token = random_word();
    let wanted = Volume {
        name: name.clone(),
        labels: labels::of_claim(plan, &token, &owner()),
    };
    let found = engine.create_volume(&wanted).await?;
    if found.labels.get(labels::CLAIM_LABEL) == Some(&token) {
        return unclaimed(engine, plan, &name).await;
    }
    let by = match other_holder(&plan.lab, &found) {
        Some(other) => other,
        None => holder(engine, &plan.lab, &found).await?,
    };
    Err(LabError::Taken {
        lab: plan.lab.clone(),
        by,
    })
}

/// Gives the name back if containers of that name exist already. `docker volume prune` removes claims, because no
/// container uses them, and a failed `up` removes everything of its name.
async fn unclaimed(engine: &Engine, plan: &Plan, claim: &str) -> Result<(), LabError> {
    let containers = engine.containers(&Selector::lab(&plan.lab)).await;
    if containers.as_ref().is_ok_and(Vec::is_empty) {
        return Ok(());
    }
    engine.remove_volume(claim).await?;
    containers?;
    Err(LabError::Taken {
        lab: plan.lab.clone(),
        by: Holder::Unclaimed,
    })
}

/// The holder of a volume that should be this lab's; `None` if it is this lab's.
///
/// Names can collide: the volume of node `sync` of lab `physical` has the name of the claim of lab `physical-sync`.
pub(super) fn other_holder(lab: &LabName, volume: &Volume) -> Option<Holder> {
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
    let ready = labels::ready_object(lab);
    // The process that made a complete lab may still live: a test, or a program that uses this crate.
    if is_whole(&volumes, &ready) {
        return Ok(Holder::Exists);
    }
    Ok(match claim.labels.get(labels::OWNER_LABEL) {
        Some(owner) if is_alive(owner) => Holder::Making(owner.clone()),
        _ => Holder::Abandoned,
    })
}

/// Creates the lab's network on the first free subnet. It tries the next one when another process was faster.
///
/// # Errors
/// [`LabError::NoAddresses`] when all are taken, or the engine's error.
pub async fn network(engine: &Engine, lab: &LabName, hosts: usize) -> Result<Network, LabError> {
    let mut taken: Vec<Subnet> = engine
        .networks(None)
        .await?
        .iter()
        .filter_map(|network| Subnet::parse(network.subnet.as_deref()?))
        .collect();
    // The file is absent when the engine is on another host or not on Linux. The engine's own check remains.
    taken.extend(
        std::fs::read_to_string("/proc/net/route")
            .iter()
            .flat_map(|table| subnet::host_routes(table)),
    );
    for subnet in subnet::candidates(lab.as_str(), hosts, &taken) {
        let spec = NetworkSpec {
            name: labels::lab_object(lab),
            subnet: Some(subnet.to_string()),
            labels: labels::of_lab(lab),
        };
        match engine.create_network(&spec).await {
            Ok(network) => return Ok(network),
            Err(error) if error.kind == EngineErrorKind::AddressOverlap => {
                tracing::debug!(%subnet, "another network was faster");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(LabError::NoAddresses { lab: lab.clone() })
}

/// A word that no other process has. The standard library seeds its hashes from the system's randomness.
pub(super) fn random_word() -> String {
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

/// This process as `PID@HOST`, for labels.
pub(super) fn owner() -> String {
    format!("{}@{}", std::process::id(), host_name())
}

/// Whether a lab is complete, and its owner, if it has one, is still alive.
pub(super) fn is_whole(volumes: &[Volume], ready: &str) -> bool {
    let ready = volumes.iter().find(|volume| volume.name == ready);
    ready.is_some_and(|ready| {
        let owner = ready.labels.get(labels::OWNER_LABEL);
        owner.is_none_or(|owner| !is_gone(owner))
    })
}

/// Whether the process `PID@HOST` has ended; false if that cannot be known.
fn is_gone(owner: &str) -> bool {
    let here = owner
        .split_once('@')
        .is_some_and(|(_, host)| host == host_name());
    here && !is_alive(owner)
}

/// Whether the process `PID@HOST` lives; false if that cannot be known.
pub(super) fn is_alive(owner: &str) -> bool {
    let Some((pid, host)) = owner.split_once('@') else {
        return false;
    };
    host == host_name()
        && pid.parse::<u32>().is_ok()
        && std::path::Path::new("/proc").join(pid).exists()
}
