//! `rate`: limited bandwidth.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::rate::Rate;
use crate::lab::faults::LinkFault;

impl Act for Rate {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let limit = |fault: &mut LinkFault| fault.rate = Some(self.rate);
        scene.fault_between(&self.from, &self.to, limit).await
    }
}
