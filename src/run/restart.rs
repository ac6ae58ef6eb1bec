//! `restart`: nodes stopped, and then started.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::restart::Restart;

impl Act for Restart {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        for node in &self.node.0 {
            let within = scene.patience(step);
            scene.stop_one(node, self.mode, within).await?;
        }
        scene.start(step, &self.node.0).await
    }
}
