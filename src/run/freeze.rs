//! `freeze`: nodes whose processes stop where they are.

use std::time::Instant;

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::freeze::Freeze;
use crate::engine::EngineErrorKind;

impl Act for Freeze {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        for node in &self.0.0 {
            let container = scene.running(node).await?;
            let deadline = Instant::now() + scene.patience(step);
            // If a process starts or writes at that moment, Docker gives up after a fraction of a second and thaws all of
            // them. Another attempt may succeed.
            loop {
                match scene.lab.engine.pause_container(&container.id).await {
                    Ok(()) => break,
                    Err(error)
                        if error.kind == EngineErrorKind::Busy && Instant::now() < deadline =>
                    {
                        if scene.cancel.is_cancelled() {
                            return Err(Wrong::Interrupted);
                        }
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok("frozen".to_owned())
    }
}
