//! `thaw`: frozen nodes that continue. Thawing a running node does no harm.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::thaw::Thaw;
use crate::engine::ContainerState;

impl Act for Thaw {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        for node in &self.0.0 {
            let container = scene.container(node).await?;
            if container.state == ContainerState::Paused {
                scene.lab.engine.unpause_container(&container.id).await?;
            }
        }
        Ok("goes on".to_owned())
    }
}
