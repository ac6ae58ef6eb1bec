//! The initialised data directories that all labs of one image copy. `initdb` runs once per image and primary, not once
//! per lab.
//!
//! They are in a volume. `images/node/start.sh` fills it under a lock, in the first primary that finds it empty.

use crate::engine::{Engine, EngineError, Labels, Mount, Selector};
use crate::image::Found;
use crate::name::NodeName;
use crate::plan::Plan;

use super::labels::{Claim, TEMPLATE_LABEL};
use super::volume;

/// The version of the arguments of `initdb`. Raise it when they change, so that no older directory is used.
const GENERATION: u32 = 6;

/// The name of an image's template.
fn name(image_id: &str) -> String {
    let id = image_id.trim_start_matches("sha256:");
    format!("lab-template-{GENERATION}-{}", id.get(..12).unwrap_or(id))
}

/// The labels of an image's template.
fn labels(image_id: &str) -> Labels {
    [(TEMPLATE_LABEL.to_owned(), image_id.to_owned())].into()
}

/// The mount of the template.
pub(super) fn mount(image_id: &str) -> Mount {
    Mount {
        volume: name(image_id),
        target: "/lab/template".to_owned(),
        read_only: false,
        labels: labels(image_id),
    }
}

/// The directory in the template that a node begins with. No two primaries of a lab share a system identifier: a standby
/// of one could otherwise stream from the other.
pub(super) fn number(plan: &Plan, node: &NodeName) -> usize {
    let mut primaries = plan.primaries().filter(|node| node.restored_from.is_none());
    primaries
        .position(|primary| primary.name == *node)
        .unwrap_or(0)
        + 1
}

/// Creates the template's empty volume unless it exists.
pub(super) async fn prepare(
    engine: &Engine,
    claim: &Claim,
    found: &Found,
) -> Result<(), EngineError> {
    let id = &found.image.id;
    let existing = engine
        .volumes(&Selector::LabelValue(TEMPLATE_LABEL.to_owned(), id.clone()))
        .await?;
    if existing.iter().any(|volume| volume.name == name(id)) {
        return Ok(());
    }
    volume::owned_by_postgres(engine, claim, found, mount(id)).await
}
