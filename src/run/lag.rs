//! `lag`: a standby that replays late, or at once again.

use std::time::Duration;

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::lag::Lag;
use crate::server::in_force;
use crate::text::duration;
use crate::wait::Probe;

/// The setting by which a standby replays late.
const DELAY: &str = "recovery_min_apply_delay";

impl Act for Lag {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self { node, by } = self;
        if !scene.recovers(node).await? {
            let why = format!("`{node}` is a primary: it replays nothing that could be late");
            return Err(Wrong::failed(why));
        }
        let wanted = by.0.as_millis();
        let value = format!("{wanted}ms");
        in_force::alter_system(&*scene.client(node).await?, DELAY, Some(&value)).await?;
        scene.reload(step, node).await?;
        // What the server's command line says would win.
        let expected = || format!("`{node}` has a `{DELAY}` of {wanted} ms");
        scene
            .wait(scene.patience(step), expected, || async {
                let shown = in_force::setting(&*scene.client(node).await?, DELAY).await?;
                let shown = shown.unwrap_or_default();
                Ok(if shown == wanted.to_string() {
                    Probe::Ready(())
                } else {
                    Probe::NotYet(format!("it is {shown} ms"))
                })
            })
            .await?;
        Ok(match by.0 {
            Duration::ZERO => "replays at once".to_owned(),
            time => format!("replays {} after each commit", duration(time)),
        })
    }
}
