//! Creates, finds and removes volumes.

use bollard::models;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};

use super::{Docker, label_filter};
use crate::engine::{EngineError, EngineErrorKind, Selector, Volume};

/// Creates a volume, in memory if `bytes` limits its size, or returns the existing one.
///
/// Docker does both under one lock, so exactly one of several callers gets back its own labels.
pub(super) async fn create(
    docker: &Docker,
    volume: &Volume,
    bytes: Option<u64>,
) -> Result<Volume, EngineError> {
    let act = format!("creating the volume `{}`", volume.name);
    let request = models::VolumeCreateRequest {
        name: Some(volume.name.clone()),
        labels: Some(volume.labels.clone().into_iter().collect()),
        driver_opts: bytes.map(|bytes| {
            // Mode 1777, as /tmp has: the number of the user `postgres` differs between images.
            let options = [
                ("type", "tmpfs".to_owned()),
                ("device", "tmpfs".to_owned()),
                ("o", format!("size={bytes},mode=1777")),
            ];
            options.map(|(key, value)| (key.to_owned(), value)).into()
        }),
        ..Default::default()
    };
    let made = docker
        .call(&act, docker.client.create_volume(request))
        .await?;
    Ok(translate(made))
}

pub(super) async fn list(docker: &Docker, which: &Selector) -> Result<Vec<Volume>, EngineError> {
    let options = ListVolumesOptionsBuilder::default()
        .filters(&label_filter(which))
        .build();
    let listed = docker
        .call("listing volumes", docker.client.list_volumes(Some(options)))
        .await?;
    let volumes = listed.volumes.unwrap_or_default();
    Ok(volumes.into_iter().map(translate).collect())
}

pub(super) async fn remove(docker: &Docker, name: &str) -> Result<(), EngineError> {
    let act = format!("removing the volume `{name}`");
    let removal = docker
        .client
        .remove_volume(name, None::<RemoveVolumeOptions>);
    match docker.call(&act, removal).await {
        Err(error) if error.kind != EngineErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn translate(volume: models::Volume) -> Volume {
    Volume {
        name: volume.name,
        labels: volume.labels.into_iter().collect(),
    }
}
