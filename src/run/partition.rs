//! `partition`: nodes cut off from each other.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::partition::Partition;

impl Act for Partition {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let to = self.to.iter().flat_map(|to| &to.0);
        let named = self.from.0.iter().chain(to);
        scene
            .fault(named, self.links(), |fault| fault.cut = true)
            .await
    }
}
