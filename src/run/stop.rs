//! `stop`: nodes stopped.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::stop::Stop;

impl Act for Stop {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        for node in &self.node.0 {
            scene
                .stop_one(node, self.mode, scene.patience(step))
                .await?;
        }
        Ok("stopped".to_owned())
    }
}
