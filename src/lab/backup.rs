//! The base backup that a node begins with. One that several standbys begin with is taken once and unpacked by each.
//!
//! Such a one lies in a volume of its own. `images/node/start.sh` fills it, under a lock, in the first of the standbys that is
//! told to go, and empties it when the last one has unpacked it.

use std::collections::BTreeMap;

use crate::engine::{Engine, Mount};
use crate::image::Found;
use crate::name::LabName;
use crate::plan::{Plan, PlannedNode, Role};

use super::error::LabError;
use super::{labels, volume};

/// What a node's data directory is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Backup {
    /// No base backup.
    None,
    /// One that is taken for it alone.
    Own,
    /// The same, when somebody starts it.
    Later,
    /// One that lies in a volume, for so many standbys.
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

    /// How many nodes begin with it, as the start script wants to know: none does so far where it is taken later.
    pub(super) fn sharers(&self) -> usize {
        match self {
            Self::Later => 0,
            Self::None | Self::Own => 1,
            Self::Shared { by, .. } => *by,
        }
    }

    /// The volume that it lies in, where it is shared.
    pub(super) fn mount(&self, lab: &LabName) -> Option<Mount> {
        let Self::Shared { volume, .. } = self else {
            return None;
        };
        Some(Mount {
            volume: volume.clone(),
            target: "/lab/backup".to_owned(),
            read_only: false,
            labels: labels::of_lab(lab),
        })
    }
}

/// Makes the volumes of all base backups that are shared. `images` has the image of each PostgreSQL.
pub(super) async fn prepare(
    engine: &Engine,
    plan: &Plan,
    images: &BTreeMap<String, Found>,
) -> Result<(), LabError> {
    let mounts: BTreeMap<String, (Mount, &Found)> = plan
        .standbys()
        .filter_map(|(node, _)| {
            let mount = Backup::of(plan, node).mount(&plan.lab)?;
            let found = &images[&node.postgres.to_string()];
            Some((mount.volume.clone(), (mount, found)))
        })
        .collect();
    for (mount, found) in mounts.into_values() {
        volume::owned_by_postgres(engine, &plan.lab, found, mount).await?;
    }
    Ok(())
}
