//! `loss`: lost packets.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::loss::Loss;
use crate::lab::faults::LinkFault;

impl Act for Loss {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let lose = |fault: &mut LinkFault| fault.loss = Some(self.percent);
        scene.fault_between(&self.from, &self.to, lose).await
    }
}
