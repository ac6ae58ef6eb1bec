//! The base backup that a node begins with. A shared one is taken once and unpacked by each of its standbys.
//!
//! A shared base backup is in a volume. `images/node/start.sh` fills the volume under a lock, in the first standby that
//! is told to start, and empties it when the last one has unpacked it.

use std::collections::BTreeMap;

use crate::engine::{Engine, Mount};
use crate::image::Found;
use crate::plan::{Plan, PlannedNode, Role};

use super::error::LabError;
use super::labels::{self, Claim};
use super::volume;

/// The origin of a node's data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Backup {
    /// No base backup.
    None,
    /// A base backup for this node alone. A node that was to share one has its own if the upstream has tablespaces.
    Own,
    /// The same, taken when the node is first started.
    Later,
    /// A shared base backup in a volume, for this number of standbys.
    Shared { volume: String, by: usize },
}

impl Backup {
    pub(super) fn of(plan: &Plan, node: &PlannedNode) -> Self {
        if let Role::Primary = node.role {
            let restored = node.restored_from.is_some();
            return if restored { Self::Own } else { Self::None };
        }
        if node.later {
            return Self::Later;
        }
        let sharers = plan.same_backup(&node.name);
        match sharers.as_slice() {
            [first, _, ..] => Self::Shared {
                volume: labels::backup_object(&plan.lab, first),
                by: sharers.len(),
            },
            _ => Self::Own,
        }
    }

    /// Number of nodes that begin with it, for the start script. It is 0 if the backup is taken later.
    pub(super) fn sharers(&self) -> usize {
        match self {
            Self::Later => 0,
            Self::None | Self::Own => 1,
            Self::Shared { by, .. } => *by,
        }
    }

    /// The volume of a shared base backup.
    pub(super) fn mount(&self, claim: &Claim) -> Option<Mount> {
        let Self::Shared { volume, .. } = self else {
            return None;
        };
        Some(Mount {
            volume: volume.clone(),
            target: "/lab/backup".to_owned(),
            read_only: false,
            labels: labels::of_lab(claim),
        })
    }
}

/// Creates the volumes of all shared base backups. `images` has the image of each PostgreSQL.
pub(super) async fn prepare(
    engine: &Engine,
    plan: &Plan,
    claim: &Claim,
    images: &BTreeMap<String, Found>,
) -> Result<(), LabError> {
    let mounts: BTreeMap<String, (Mount, &Found)> = plan
        .standbys()
        .filter_map(|(node, _)| {
            let mount = Backup::of(plan, node).mount(claim)?;
            let found = &images[&node.postgres.to_string()];
            Some((mount.volume.clone(), (mount, found)))
        })
        .collect();
    for (mount, found) in mounts.into_values() {
        volume::owned_by_postgres(engine, claim, found, mount).await?;
    }
    Ok(())
}
