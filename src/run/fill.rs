//! `fill`: full disks.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::fill::Fill;

impl Act for Fill {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let mut seen = Vec::new();
        for node in &self.0.0 {
            if scene
                .lab
                .plan
                .node(node)
                .is_none_or(|node| node.disk.is_none())
            {
                let why = format!("`{node}` has no `disk` of its own to fill");
                return Err(Wrong::failed(why));
            }
            seen.push(format!("{node}: {}", scene.lab.fill_disk(node).await?));
        }
        Ok(seen.join("; "))
    }
}
