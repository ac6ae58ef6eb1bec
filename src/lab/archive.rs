//! The volume that all nodes of a lab share: archived WAL segments, and the base backups that steps keep.

use crate::engine::{Engine, EngineError, Mount};
use crate::image::Found;
use crate::plan::Plan;
use crate::server::command::ARCHIVE;

use super::labels::{self, Claim};
use super::volume;

/// The mount of the volume, for a lab that has one.
pub(crate) fn mount(plan: &Plan, claim: &Claim) -> Option<Mount> {
    plan.keeps_backups().then(|| Mount {
        // A node's name has no `.`, so no node's volume has this name.
        volume: format!("{}.archive", labels::lab_object(&plan.lab)),
        target: ARCHIVE.to_owned(),
        read_only: false,
        labels: labels::of_lab(claim),
    })
}

/// Creates the volume, for a lab that has one.
pub(super) async fn prepare(
    engine: &Engine,
    claim: &Claim,
    plan: &Plan,
    found: &Found,
) -> Result<(), EngineError> {
    match mount(plan, claim) {
        Some(mount) => volume::owned_by_postgres(engine, claim, found, mount).await,
        None => Ok(()),
    }
}
