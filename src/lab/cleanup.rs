//! Removing labs. Labels say what there is to remove, never memory: this works after a crash, from another shell, and in
//! any state of a lab.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::engine::{Engine, EngineError, EngineErrorKind, LAB_LABEL, Labels, Selector};
use crate::name::LabName;

use super::error::LabError;
use super::labels::{self, TEMPLATE_LABEL};
use super::{claim, running};

/// The objects that were removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Names of containers.
    pub containers: Vec<String>,
    /// Names of networks.
    pub networks: Vec<String>,
    /// Names of volumes.
    pub volumes: Vec<String>,
    /// Names of images.
    pub images: Vec<String>,
}

impl Removed {
    /// Whether there was nothing to remove.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty()
            && self.networks.is_empty()
            && self.volumes.is_empty()
            && self.images.is_empty()
    }

    fn add(&mut self, other: Self) {
        self.containers.extend(other.containers);
        self.networks.extend(other.networks);
        self.volumes.extend(other.volumes);
        self.images.extend(other.images);
    }
}

/// Time without new objects after which a lab whose `up` was killed counts as gone. Docker finishes a request even when
/// nobody waits for the answer any more, and nothing tells when.
const QUIET: Duration = Duration::from_millis(1500);

/// Time for which Docker may refuse a removal because it is still busy with the object.
const PATIENCE: Duration = Duration::from_secs(20);

/// Removes everything of a lab that this process made. No call for the lab may be running. The claim on the name is
/// removed last, so that nobody takes the name too early.
///
/// # Errors
/// The first object that could not be removed. The rest was still tried.
pub async fn remove(engine: &Engine, lab: &LabName) -> Result<Removed, EngineError> {
    let (which, claim) = (Selector::lab(lab), labels::lab_object(lab));
    let mut removed = remove_parts(engine, &which, &claim).await?;
    removed.add(remove_claim(engine, &which).await?);
    Ok(removed)
}

/// Removes everything of a lab that any process made. If its `up` did not end, or its run was killed, this waits for
/// objects that Docker is still creating and removes them too.
///
/// # Errors
/// The first object that could not be removed. The rest was still tried.
pub async fn remove_any(engine: &Engine, lab: &str) -> Result<Removed, EngineError> {
    let which = Selector::LabelValue(LAB_LABEL.to_owned(), lab.to_owned());
    let claim = format!("lab-{lab}");
    let ready = format!("{claim}.ready");
    let volumes = engine.volumes(&which).await?;
    let complete = claim::is_whole(&volumes, &ready);
    let mut removed = Removed::default();
    let began = Instant::now();
    let mut quiet_since = began;
    loop {
        match remove_parts(engine, &which, &claim).await {
            Ok(more) if more.is_empty() => {}
            Ok(more) => {
                removed.add(more);
                quiet_since = Instant::now();
            }
            // A container that is being started holds its network.
            Err(error) if error.kind == EngineErrorKind::Conflict && began.elapsed() < PATIENCE => {
                quiet_since = Instant::now();
            }
            Err(error) => return Err(error),
        }
        let nothing_there = removed.is_empty() && volumes.is_empty();
        if complete || nothing_there || quiet_since.elapsed() >= QUIET {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    removed.add(remove_claim(engine, &which).await?);
    Ok(removed)
}

/// Removes the volumes that are left: the claim.
async fn remove_claim(engine: &Engine, which: &Selector) -> Result<Removed, EngineError> {
    let mut removed = Removed::default();
    for volume in engine.volumes(which).await? {
        engine.remove_volume(&volume.name).await?;
        removed.volumes.push(volume.name);
    }
    Ok(removed)
}

/// Removes everything but the claim.
async fn remove_parts(
    engine: &Engine,
    which: &Selector,
    claim: &str,
) -> Result<Removed, EngineError> {
    let (containers, networks, volumes) = tokio::try_join!(
        engine.containers(which),
        engine.networks(Some(which)),
        engine.volumes(which)
    )?;
    let mut removed = Removed::default();
    let mut failed = None;
    let mut each = JoinSet::new();
    for container in containers {
        let engine = engine.clone();
        each.spawn(async move {
            engine
                .remove_container(&container.id)
                .await
                .map(|()| container.name)
        });
    }
    collect(each, &mut removed.containers, &mut failed).await;
    let mut each = JoinSet::new();
    for network in networks {
        let engine = engine.clone();
        each.spawn(async move {
            engine
                .remove_network(&network.id)
                .await
                .map(|()| network.name)
        });
    }
    let mut others = JoinSet::new();
    for volume in volumes.into_iter().filter(|volume| volume.name != claim) {
        let engine = engine.clone();
        others.spawn(async move {
            engine
                .remove_volume(&volume.name)
                .await
                .map(|()| volume.name)
        });
    }
    collect(each, &mut removed.networks, &mut failed).await;
    collect(others, &mut removed.volumes, &mut failed).await;
    failed.map_or(Ok(removed), Err)
}

async fn collect(
    mut each: JoinSet<Result<String, EngineError>>,
    removed: &mut Vec<String>,
    failed: &mut Option<EngineError>,
) {
    while let Some(done) = each.join_next().await {
        match done {
            Ok(Ok(name)) => removed.push(name),
            Ok(Err(error)) => _ = failed.get_or_insert(error),
            Err(panic) => tracing::error!(%panic, "removing"),
        }
    }
    removed.sort();
}

/// The scope of `gc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GcScope {
    /// Labs whose `up` was killed before it ended, and labs of a killed run that was not to keep them.
    Leftovers,
    /// The same, and the templates and images that `lab` built.
    Everything,
}

/// Removes what crashed processes left behind. Complete labs stay, unless they were for one process and it is gone. Labs
/// that a living process is making stay too.
///
/// # Errors
/// The first object that could not be removed. The rest was still tried.
pub async fn gc(engine: &Engine, reach: GcScope) -> Result<BTreeMap<String, Removed>, LabError> {
    let mut leftovers = Vec::new();
    for name in running(engine).await? {
        if is_leftover(engine, &name).await? {
            leftovers.push(name);
        }
    }
    let gone = join_all(leftovers.iter().map(|name| remove_any(engine, name))).await;
    let mut removed = BTreeMap::new();
    let mut failed = None;
    for (name, gone) in leftovers.into_iter().zip(gone) {
        match gone {
            Ok(gone) => _ = removed.insert(name, gone),
            Err(error) => _ = failed.get_or_insert(error),
        }
    }
    let templates = Selector::Label(TEMPLATE_LABEL.to_owned());
    let mut shared = Removed::default();
    if reach == GcScope::Everything {
        shared.add(remove_shared(engine, &templates).await?);
    }
    if !shared.is_empty() {
        removed.insert("shared by labs".to_owned(), shared);
    }
    failed.map_or(Ok(removed), |error| Err(error.into()))
}

/// Whether a lab is incomplete or without its owner, and no living process is making it.
async fn is_leftover(engine: &Engine, name: &str) -> Result<bool, EngineError> {
    let which = Selector::LabelValue(LAB_LABEL.to_owned(), name.to_owned());
    let volumes = engine.volumes(&which).await?;
    let ready = format!("lab-{name}.ready");
    let is_made = |labels: &Labels| {
        labels
            .get(labels::OWNER_LABEL)
            .is_some_and(|owner| claim::is_alive(owner))
    };
    let is_made = volumes.iter().any(|volume| is_made(&volume.labels));
    Ok(!is_made && !claim::is_whole(&volumes, &ready))
}

async fn remove_shared(engine: &Engine, templates: &Selector) -> Result<Removed, LabError> {
    let mut removed = Removed::default();
    for volume in engine.volumes(templates).await? {
        match engine.remove_volume(&volume.name).await {
            Ok(()) => removed.volumes.push(volume.name),
            // A lab that runs still has it mounted.
            Err(error) if error.kind == EngineErrorKind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    for image in engine
        .images(&Selector::Label(crate::image::IMAGE_LABEL.to_owned()))
        .await?
    {
        let reference = image.tags.first().unwrap_or(&image.id);
        match engine.remove_image(reference).await {
            Ok(()) => removed.images.push(reference.clone()),
            Err(error) if error.kind == EngineErrorKind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(removed)
}
