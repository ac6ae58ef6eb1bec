//! `promote`: a standby that becomes a primary.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::promote::Promote;
use crate::server::state;
use crate::wait::Probe;

impl Act for Promote {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(node) = self;
        if !scene.recovers(node).await? {
            return Err(Wrong::failed(format!("`{node}` is already a primary")));
        }
        state::promote(&*scene.client(node).await?).await?;
        let expected = || format!("`{node}` takes writes");
        scene
            .wait(scene.patience(step), expected, || async {
                Ok(if scene.recovers(node).await? {
                    Probe::NotYet("it is still in recovery".to_owned())
                } else {
                    Probe::Ready(())
                })
            })
            .await?;
        let timeline = scene.timeline(node).await?;
        Ok(format!("takes writes, on timeline {timeline}"))
    }
}
