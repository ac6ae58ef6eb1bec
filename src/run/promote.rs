//! `promote`: a standby that becomes a primary.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::promote::Promote;
use crate::wait::Probe;

impl Act for Promote {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(node) = self;
        if !scene.recovers(node).await? {
            return Err(Wrong::failed(format!("`{node}` is a primary already")));
        }
        scene.ask(node, "SELECT pg_promote(false)").await?;
        let expected = || format!("`{node}` takes writes");
        scene
            .wait(scene.patience(step), expected, || async {
                let recovers = scene.ask(node, "SELECT pg_is_in_recovery()").await?;
                Ok(if recovers.as_deref() == Some("f") {
                    Probe::Ready(())
                } else {
                    Probe::NotYet("it is still in recovery".to_owned())
                })
            })
            .await?;
        let timeline = scene.timeline(node).await?;
        Ok(format!("takes writes, on timeline {timeline}"))
    }
}
