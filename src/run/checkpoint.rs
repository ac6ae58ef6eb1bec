//! `checkpoint`: a checkpoint, or a standby's restartpoint, and what it wrote.

use super::scene::Scene;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::checkpoint::Checkpoint;
use crate::name::NodeName;
use crate::text::count;
use crate::wait::Probe;

impl Act for Checkpoint {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let (scene, Self(node)) = (walk.scene, self);
        let before = Counts::of(scene, node).await?;
        let client = scene.client(node).await?;
        let within = scene.patience(step);
        let done = scene.run(&client, "CHECKPOINT", within).await?;
        done.map_err(|error| Wrong::failed(error.to_string()))?;
        // The server counts a checkpoint a moment after it has told that it is done.
        let expected = || format!("`{node}` has counted its checkpoint");
        let after = scene
            .wait(within, expected, || async {
                let after = Counts::of(scene, node).await?;
                Ok(if after.requested > before.requested {
                    Probe::Ready(after)
                } else {
                    Probe::NotYet("it has not".to_owned())
                })
            })
            .await?;
        let redo = &after.redo;
        let wrote = count(after.buffers.saturating_sub(before.buffers), "buffer");
        Ok(match scene.recovers(node).await? {
            true if after.redo == before.redo => {
                format!(
                    "no restartpoint: no checkpoint was replayed since that with redo at {redo}"
                )
            }
            true => format!("restartpoint with redo at {redo}, {wrote} written"),
            false => format!("checkpoint with redo at {redo}, {wrote} written"),
        })
    }
}

/// What a server has counted of checkpoints.
struct Counts {
    /// How many were asked for, restartpoints included.
    requested: u64,
    /// How many buffers they wrote.
    buffers: u64,
    /// Where recovery would begin after the last one.
    redo: String,
}

impl Counts {
    async fn of(scene: &Scene<'_>, node: &NodeName) -> Tried<Self> {
        // The view came with PostgreSQL 17.
        let view = "SELECT to_regclass('pg_catalog.pg_stat_checkpointer')";
        let (requested, buffers, from) = match scene.ask(node, view).await? {
            Some(_) => (
                "num_requested + restartpoints_req",
                "buffers_written",
                "pg_stat_checkpointer",
            ),
            None => ("checkpoints_req", "buffers_checkpoint", "pg_stat_bgwriter"),
        };
        let sql = format!(
            "SELECT concat_ws(' ', {requested}, {buffers}, redo_lsn) FROM {from}, pg_control_checkpoint()"
        );
        let found = scene.ask(node, &sql).await?.unwrap_or_default();
        let mut found = found.split(' ');
        let mut next = || found.next().unwrap_or_default();
        Ok(Self {
            requested: next().parse().unwrap_or(0),
            buffers: next().parse().unwrap_or(0),
            redo: next().to_owned(),
        })
    }
}
