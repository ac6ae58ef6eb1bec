//! Taking labs away. What there is to take is asked of labels, never of memory: this works after a crash, from another
//! shell, and in whatever state a lab is.

use std::collections::BTreeMap;

use serde::Serialize;
use tokio::task::JoinSet;

use crate::engine::{Engine, EngineError, Selector};
use crate::name::LabName;

use super::error::ClusterError;
use super::labels::{self, TEMPLATE_LABEL};
use super::{claim, running};

/// What was removed.
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

/// Removes everything of a lab. The claim on its name goes last, so that nobody takes the name of a lab that is
/// still going.
///
/// # Errors
/// The first thing that could not be removed; the rest was tried all the same.
pub async fn remove<E: Engine>(engine: &E, lab: &LabName) -> Result<Removed, EngineError> {
    remove_matching(engine, &Selector::lab(lab), &labels::lab_object(lab)).await
}

async fn remove_matching<E: Engine>(
    engine: &E,
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
    let (claims, others): (Vec<_>, Vec<_>) =
        volumes.into_iter().partition(|volume| volume.name == claim);
    let mut others_each = JoinSet::new();
    for volume in others {
        let engine = engine.clone();
        others_each.spawn(async move {
            engine
                .remove_volume(&volume.name)
                .await
                .map(|()| volume.name)
        });
    }
    collect(each, &mut removed.networks, &mut failed).await;
    collect(others_each, &mut removed.volumes, &mut failed).await;
    if failed.is_none() {
        for volume in claims {
            engine.remove_volume(&volume.name).await?;
            removed.volumes.push(volume.name);
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(removed),
    }
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

/// What `gc` may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Labs whose `up` was killed before it ended.
    Leftovers,
    /// Those, and templates and images that `lab` built.
    Everything,
}

/// Removes what crashed processes left behind. Labs that are complete stay, and so do those that a living process is
/// making.
///
/// # Errors
/// The first thing that could not be removed; the rest was tried all the same.
pub async fn gc<E: Engine>(
    engine: &E,
    reach: Reach,
) -> Result<BTreeMap<String, Removed>, ClusterError> {
    let mut removed = BTreeMap::new();
    let mut failed = None;
    for name in running(engine).await? {
        let which = Selector::LabelValue(crate::engine::LAB_LABEL.to_owned(), name.clone());
        let claim = format!("lab-{name}");
        let volumes = engine.volumes(&which).await?;
        let ready = volumes
            .iter()
            .any(|volume| volume.name == format!("{claim}.ready"));
        let in_the_making = volumes.iter().any(|volume| {
            volume
                .labels
                .get(labels::OWNER_LABEL)
                .is_some_and(|owner| claim::is_alive(owner))
        });
        if !ready && !in_the_making {
            match remove_matching(engine, &which, &claim).await {
                Ok(gone) => _ = removed.insert(name, gone),
                Err(error) => _ = failed.get_or_insert(error),
            }
        }
    }
    let templates = Selector::Label(TEMPLATE_LABEL.to_owned());
    let mut shared = Removed::default();
    for container in engine.containers(&templates).await? {
        match engine.remove_container(&container.id).await {
            Ok(()) => shared.containers.push(container.name),
            Err(error) => _ = failed.get_or_insert(error),
        }
    }
    if reach == Reach::Everything {
        shared.add(remove_shared(engine, &templates).await?);
    }
    if !shared.is_empty() {
        removed.insert("shared by labs".to_owned(), shared);
    }
    failed.map_or(Ok(removed), |error| Err(error.into()))
}

async fn remove_shared<E: Engine>(
    engine: &E,
    templates: &Selector,
) -> Result<Removed, ClusterError> {
    let mut removed = Removed::default();
    for volume in engine.volumes(templates).await? {
        match engine.remove_volume(&volume.name).await {
            Ok(()) => removed.volumes.push(volume.name),
            // A lab that runs still has it mounted.
            Err(error) if error.kind == crate::engine::EngineErrorKind::Conflict => {}
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
            Err(error) if error.kind == crate::engine::EngineErrorKind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(removed)
}
