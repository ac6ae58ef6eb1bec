//! `start`: see [`super::servers`].

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::start::Start;

impl Act for Start {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        walk.scene.start(step, &self.0.0).await
    }
}
