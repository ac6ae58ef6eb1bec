//! `finish`: wait for the statement or the load of a session.

use super::{Act, Tried, Walk, statements};
use crate::action::finish::Finish;
use crate::action::{Expect, Step};

impl Act for Finish {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(name) = self;
        if let Some(seen) = scene.finish_ledger(name).await {
            return seen;
        }
        if let Some(seen) = scene.finish_load(name).await {
            return seen;
        }
        let (node, task) = scene.running_in(name).await?;
        let ran = scene.ended(step, &node, task).await?;
        scene.keep(&ran).await;
        statements::judge(step.expect.as_ref().unwrap_or(&Expect::default()), ran)
    }
}
