//! `restore`: point-in-time recovery of a node.

use std::time::Duration;

use super::scene::Scene;
use super::standby::auto_conf;
use super::state::LogEnd;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::restore::Restore;
use crate::failure::Failure;
use crate::name::NodeName;
use crate::server::{log, state};
use crate::wait::Probe;

/// The longest time in which a server that closes its connections ends.
const ENDING: Duration = Duration::from_secs(2);

impl Act for Restore {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let node = &self.node;
        let mut settings = self.target();
        // The default, `pause`, would wait for a person.
        settings.push(("recovery_target_action", "promote".to_owned()));
        settings.extend(scene.settings_of_archive(node).await?);
        let conf = auto_conf(&settings);
        scene
            .begin_again(step, node, &self.backup, conf, "recovery.signal")
            .await?;
        let before = scene.lines(node).await?.end();
        if let Err(wrong) = recovers(scene, step, node, &before).await {
            let failed = wrong.failure().is_some();
            let unreached = unreached(scene, self, &before);
            let why = if failed { unreached.await } else { None };
            return Err(why.map_or(wrong, Wrong::failed));
        }
        let timeline = scene.timeline(node).await?;
        Ok(format!("recovered, on timeline {timeline}"))
    }
}

/// Starts a node and waits until it has recovered.
async fn recovers(scene: &Scene<'_>, step: &Step, node: &NodeName, before: &LogEnd) -> Tried<()> {
    scene.start(step, std::slice::from_ref(node)).await?;
    let expected = || format!("`{node}` has recovered and takes writes");
    scene
        .wait(scene.patience(step), expected, || async {
            if !scene.recovers(node).await? {
                return Ok(Probe::Ready(()));
            }
            // A recovery that ends meanwhile has no such state.
            let state = state::state(&*scene.client(node).await?).await;
            if state.is_ok_and(|state| state.is_paused) {
                return Err(paused(scene, node, before).await);
            }
            Ok(Probe::NotYet("it still recovers".to_owned()))
        })
        .await
}

/// Why a recovery that nobody paused is paused: the server needs higher limits than it has.
async fn paused(scene: &Scene<'_>, node: &NodeName, before: &LogEnd) -> Wrong {
    let lines = scene.lines(node).await.unwrap_or_default().since(before);
    let why = log::lower_limits(lines.iter().map(String::as_str));
    let why = why.map_or_else(String::new, |line| format!(": {line}"));
    let seen = format!("`{node}` has paused its recovery{why}");
    let hint = format!("raise it in `nodes.{node}.conf`");
    Wrong::Failed(Failure::seen(seen).with_hint(hint))
}

/// Why a recovering server ended, from its log after that end.
async fn unreached(scene: &Scene<'_>, restore: &Restore, before: &LogEnd) -> Option<String> {
    let node = &restore.node;
    // A server that took connections closes them a moment before its container ends.
    scene.gone(node, ENDING).await.ok()?;
    let lines = scene.lines(node).await.ok()?.since(before);
    let line = log::end_of_recovery(lines.iter().map(String::as_str))?;
    let to = restore.target_in_words();
    Some(format!("`{node}` did not reach {to} and ended: {line}"))
}
