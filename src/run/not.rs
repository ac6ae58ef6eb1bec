//! `not`: wait until a check does not hold.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::not::Not;
use crate::wait::Probe;

impl Act for Not {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let (scene, Self(check)) = (walk.scene, self);
        let expected = || format!("not: {}", check.describe());
        scene
            .wait(scene.patience(step), expected, || async {
                Ok(match scene.look(step, check).await? {
                    Probe::Ready(seen) => Probe::NotYet(seen),
                    Probe::NotYet(seen) => Probe::Ready(seen),
                })
            })
            .await
    }
}
