//! `checkpoint`: a checkpoint, or a standby's restartpoint, and what it wrote.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::checkpoint::Checkpoint;
use crate::server::checkpoints;
use crate::text::count;
use crate::wait::Probe;

impl Act for Checkpoint {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let (scene, Self(node)) = (walk.scene, self);
        let client = scene.client(node).await?;
        let before = checkpoints::checkpoints(&client).await?;
        let within = scene.patience(step);
        match scene.in_time(&client, "CHECKPOINT", within).await? {
            Some(done) => drop(done?),
            None => scene.no_answer(node, within).await??,
        }
        // The server counts a checkpoint a moment after it reports it as done.
        let expected = || format!("`{node}` has counted its checkpoint");
        let after = scene
            .wait(within, expected, || async {
                let after = checkpoints::checkpoints(&client).await?;
                Ok(if after.requested > before.requested {
                    Probe::Ready(after)
                } else {
                    Probe::NotYet("it has not".to_owned())
                })
            })
            .await?;
        let redo = after.redo;
        let wrote = count((after.buffers - before.buffers).max(0), "buffer");
        Ok(match scene.recovers(node).await? {
            true if after.redo == before.redo => {
                format!("no restartpoint: no checkpoint replayed since the one with redo at {redo}")
            }
            true => format!("restartpoint with redo at {redo}, {wrote} written"),
            false => format!("checkpoint with redo at {redo}, {wrote} written"),
        })
    }
}
