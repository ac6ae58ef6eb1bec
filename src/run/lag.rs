//! `lag`: a standby that replays late, or at once again.

use std::time::Duration;

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::lag::Lag;
use crate::text::duration;
use crate::wait::Probe;

impl Act for Lag {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self { node, by } = self;
        if !scene.recovers(node).await? {
            let why = format!("`{node}` is a primary: it replays nothing that could be late");
            return Err(Wrong::failed(why));
        }
        let wanted = by.0.as_millis();
        let set = format!("ALTER SYSTEM SET recovery_min_apply_delay = '{wanted}ms'");
        scene.client(node).await?.batch_execute(&set).await?;
        scene.reload(step, node).await?;
        // What the server's command line says would win.
        let shown = "SELECT setting FROM pg_settings WHERE name = 'recovery_min_apply_delay'";
        let expected = || format!("`{node}` has a `recovery_min_apply_delay` of {wanted} ms");
        scene
            .wait(scene.patience(step), expected, || async {
                let shown = scene.ask(node, shown).await?.unwrap_or_default();
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
