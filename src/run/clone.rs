//! `clone`: a node recreated as a standby from a kept backup.

use super::standby::auto_conf;
use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::clone;
use crate::action::upstream::Upstream;

impl Act for clone::Clone {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let wanted = Upstream {
            node: self.node.clone(),
            upstream: self.upstream.clone(),
            slot: self.slot.clone(),
        };
        scene.can_stream(step, &wanted).await?;
        let conf = auto_conf(&scene.standby_settings(&wanted).await?);
        scene
            .begin_again(step, &self.node, &self.backup, conf, "standby.signal")
            .await?;
        let node = std::slice::from_ref(&self.node);
        scene.start(step, node).await?;
        Ok(format!("recreated from backup `{}`", self.backup))
    }
}
