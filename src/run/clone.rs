//! `clone`: a node that begins again with a backup that was kept.

use super::standby::auto_conf;
use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::clone::Clone;
use crate::action::upstream::Upstream;

impl Act for Clone {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let wanted = Upstream {
            node: self.node.to_owned(),
            upstream: self.upstream.to_owned(),
            slot: self.slot.to_owned(),
        };
        scene.slot(&wanted).await?;
        let conf = auto_conf(&scene.standby_settings(&wanted));
        scene
            .begin_again(step, &self.node, &self.backup, conf, "standby.signal")
            .await?;
        let node = std::slice::from_ref(&self.node);
        scene.start(step, node).await?;
        Ok(format!("begins again with the backup {}", self.backup))
    }
}
