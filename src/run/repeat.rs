//! `repeat`: steps for each value of a list.

use super::walk::Ended;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::repeat::Repeat;

impl Act for Repeat {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let number = walk.number();
        for (index, value) in self.over.iter().enumerate() {
            let value = value.0.clone().unwrap_or_default();
            walk.scene.give(self.name.as_str(), value).await;
            // The round is part of the number: `4#2.1` is the first step of the second round of the fourth.
            let prefix = format!("{number}#{}.", index + 1);
            match Box::pin(walk.steps(self.round(index), &prefix, 0)).await {
                Ended::Well => {}
                Ended::Interrupted => return Err(Wrong::Interrupted),
                Ended::Failed => return Err(Wrong::failed("a step of it failed")),
            }
        }
        Ok(format!("{} times", self.over.len()))
    }
}
