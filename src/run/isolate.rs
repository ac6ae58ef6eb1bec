//! `isolate`: nodes cut off from all others.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::isolate::Isolate;
use crate::action::link::isolated;

impl Act for Isolate {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let Self(nodes) = self;
        let all = scene.lab.plan.nodes.iter().map(|node| &node.name);
        let links = isolated(&nodes.0, all);
        scene.fault(&nodes.0, links, |fault| fault.cut = true).await
    }
}
