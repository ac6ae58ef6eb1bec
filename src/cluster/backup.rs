//! The base backup that several standbys begin with: taken once, unpacked by each.
//!
//! It lies in a volume of its own. `images/node/start.sh` fills it, under a lock, in the first of the standbys that is
//! told to go, and empties it when the last one has unpacked it.

use std::collections::BTreeMap;

use crate::engine::{Engine, Mount};
use crate::image::Found;
use crate::name::NodeName;
use crate::plan::Plan;

use super::error::ClusterError;
use super::{labels, volume};

/// The volume with `standby`'s base backup, where it shares one.
pub(super) fn mount(plan: &Plan, standby: &NodeName) -> Option<Mount> {
    let sharers = plan.same_backup(standby);
    let first = sharers.first().filter(|_| sharers.len() > 1)?;
    Some(Mount {
        volume: labels::backup_object(&plan.lab, first),
        target: "/lab/backup".to_owned(),
        read_only: false,
        labels: labels::of_lab(&plan.lab),
    })
}

/// Makes the volumes of all base backups that are shared. `images` has the image of each PostgreSQL.
pub(super) async fn prepare<E: Engine>(
    engine: &E,
    plan: &Plan,
    images: &BTreeMap<String, Found>,
) -> Result<(), ClusterError> {
    let mounts: BTreeMap<String, (Mount, &Found)> = plan
        .standbys()
        .filter_map(|(node, _)| {
            let mount = mount(plan, &node.name)?;
            let found = &images[&node.postgres.to_string()];
            Some((mount.volume.clone(), (mount, found)))
        })
        .collect();
    for (mount, found) in mounts.into_values() {
        volume::owned_by_postgres(engine, &plan.lab, found, mount).await?;
    }
    Ok(())
}
