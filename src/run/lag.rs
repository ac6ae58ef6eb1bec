//! `lag`: the replay delay of a standby.

use std::time::Duration;

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::lag::Lag;
use crate::server::in_force;
use crate::text::duration;
use crate::wait::Probe;

/// The setting that delays replay on a standby.
const DELAY: &str = "recovery_min_apply_delay";

impl Act for Lag {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self { node, by } = self;
        if !scene.recovers(node).await? {
            let why = format!("`{node}` is a primary: it does not replay");
            return Err(Wrong::failed(why));
        }
        let wanted = by.0.as_millis();
        let value = format!("{wanted}ms");
        in_force::alter_system(&*scene.client(node).await?, DELAY, Some(&value)).await?;
        scene.reload(step, node).await?;
        // The server's command line would take precedence.
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
            Duration::ZERO => "replays without delay".to_owned(),
            time => format!("replays {} after each commit", duration(time)),
        })
    }
}
