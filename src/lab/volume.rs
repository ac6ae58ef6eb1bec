//! Volumes: where a container has its node's, and how one comes to belong to `postgres` before any node runs.

use crate::engine::{ContainerSpec, Engine, EngineError, Image, Labels, Limits, Mount};
use crate::image::{self, Found};

use super::labels::{self, Claim};

/// Creates an empty volume that `postgres` owns.
///
/// A new volume belongs to root. When a container is made, the engine gives the volume the owner of the directory that it
/// is mounted on. So a container is made and removed, and never started. It has the lab's labels: if removing it fails
/// here, it is removed with the lab.
pub(super) async fn owned_by_postgres(
    engine: &Engine,
    claim: &Claim,
    found: &Found,
    mount: Mount,
) -> Result<(), EngineError> {
    let mut own = mount.labels.clone();
    own.extend(labels::of_lab(claim));
    let container = ContainerSpec {
        name: format!("{}-{}", mount.volume, claim.lab),
        hostname: "volume".to_owned(),
        image: found.reference.clone(),
        user: "postgres".to_owned(),
        command: vec!["true".to_owned()],
        env: Vec::new(),
        network: None,
        address: None,
        publish: None,
        mounts: vec![Mount {
            target: image::data_mount(&found.image).into(),
            ..mount
        }],
        limits: Limits::default(),
        shm_bytes: 0,
        labels: own,
        stdin: false,
        power: None,
    };
    let made = engine.create_container(&container).await?;
    engine.remove_container(&made).await
}

/// A node's volume at its places in a container.
pub(crate) fn of_node(volume: &str, labels: &Labels, image: &Image) -> Vec<Mount> {
    let places = image::node_mounts(image).iter();
    let mounts = places.map(|place| Mount {
        volume: volume.to_owned(),
        target: (*place).to_owned(),
        read_only: false,
        labels: labels.clone(),
    });
    mounts.collect()
}
