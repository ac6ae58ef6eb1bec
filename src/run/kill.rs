//! `kill`: nodes that crash.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::kill::Kill;
use crate::engine::ContainerState;

impl Act for Kill {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        for node in &self.0.0 {
            let container = scene.container(node).await?;
            let engine = &scene.lab.engine;
            match container.state {
                ContainerState::Running => {}
                // Some kernels cannot kill a frozen process.
                ContainerState::Paused => engine.unpause_container(&container.id).await?,
                _ => return Err(Wrong::failed(format!("`{node}` is not running"))),
            }
            engine.signal_container(&container.id, "SIGKILL").await?;
            scene.gone(node, scene.patience(step)).await?;
            scene.forget(node).await;
        }
        Ok("killed".to_owned())
    }
}
