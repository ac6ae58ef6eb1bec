//! `delay`: delayed packets.

use super::{Act, Tried, Walk};
use crate::action::delay::Delay;
use crate::action::{Span, Step};

impl Act for Delay {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let millis = |span: Span| span.0.as_secs_f64() * 1000.0;
        scene
            .fault_between(&self.from, &self.to, |fault| {
                fault.delay_ms = Some(millis(self.time));
                fault.jitter_ms = self.jitter.map(millis);
            })
            .await
    }
}
