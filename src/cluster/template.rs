//! The initialised data directory that all labs of one image copy: `initdb` runs once an image, not once a lab.
//!
//! It lies in a volume. `images/node/start.sh` fills it, under a lock, in the first primary that finds it empty.

use crate::engine::{ContainerSpec, Engine, EngineError, Labels, Mount, Selector};
use crate::image::{self, Found};
use crate::name::LabName;

use super::labels::TEMPLATE_LABEL;

/// Counts up when what `initdb` is told changes, so that an older directory is not taken for a newer one.
const GENERATION: u32 = 3;

/// The name of an image's template.
fn name(image_id: &str) -> String {
    let id = image_id.trim_start_matches("sha256:");
    format!("lab-template-{GENERATION}-{}", id.get(..12).unwrap_or(id))
}

/// The labels of an image's template.
fn labels(image_id: &str) -> Labels {
    [(TEMPLATE_LABEL.to_owned(), image_id.to_owned())].into()
}

/// The template in a container.
pub(super) fn mount(image_id: &str, target: &str) -> Mount {
    Mount {
        volume: name(image_id),
        target: target.to_owned(),
        read_only: false,
        labels: labels(image_id),
    }
}

/// Makes the template's volume, empty and owned by `postgres`, unless it exists.
///
/// A new volume belongs to root. The engine gives it the owner of the directory that it is first mounted on, when the
/// container is made: so one is made and removed, and never started.
/// The container belongs to `lab` too, so that it goes with the lab when it cannot be removed here.
pub(super) async fn prepare<E: Engine>(
    engine: &E,
    lab: &LabName,
    found: &Found,
) -> Result<(), EngineError> {
    let id = &found.image.id;
    let existing = engine
        .volumes(&Selector::LabelValue(TEMPLATE_LABEL.to_owned(), id.clone()))
        .await?;
    if existing.iter().any(|volume| volume.name == name(id)) {
        return Ok(());
    }
    let mut own = labels(id);
    own.extend(super::labels::of_lab(lab));
    let container = ContainerSpec {
        name: format!("{}-{lab}", name(id)),
        hostname: "template".to_owned(),
        image: found.reference.clone(),
        user: "postgres".to_owned(),
        command: vec!["true".to_owned()],
        env: Vec::new(),
        network: None,
        address: None,
        publish: None,
        mounts: vec![mount(id, image::data_mount(&found.image))],
        shm_bytes: 0,
        labels: own,
        stdin: false,
    };
    let made = engine.create_container(&container).await?;
    engine.remove_container(&made).await
}
