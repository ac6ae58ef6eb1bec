//! `follow`: a node made a standby of another, with the data that it has.

use super::scene::Scene;
use super::standby::auto_conf;
use super::work::Work;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::follow::Follow;
use crate::action::stop::StopMode;
use crate::action::upstream::Upstream;
use crate::engine::ContainerState;
use crate::name::NodeName;
use crate::server::command::PGDATA;
use crate::server::in_force;

const FOLLOW: &str = include_str!("../../images/node/follow.sh");

/// The settings that `restore` writes.
const RECOVERY_TARGET: [&str; 7] = [
    "recovery_target",
    "recovery_target_action",
    "recovery_target_inclusive",
    "recovery_target_lsn",
    "recovery_target_name",
    "recovery_target_time",
    "recovery_target_xid",
];

impl Act for Follow {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(wanted) = self;
        scene.can_stream(step, wanted).await?;
        let Upstream { node, upstream, .. } = wanted;
        if scene.container(node).await?.state != ContainerState::Running {
            let work = Work {
                node,
                act: format!("making `{node}` a standby of `{upstream}`"),
                script: FOLLOW,
                arguments: Vec::new(),
                auto_conf: Some(auto_conf(&scene.standby_settings(wanted).await?)),
                within: scene.patience(step),
            };
            scene.work(work).await?;
            scene.start(step, std::slice::from_ref(node)).await?;
            scene.can_follow(node, upstream).await?;
            return Ok("started as a standby".to_owned());
        }
        // A standby may have to be told to follow another one before it can be asked what it lacks. A primary is not touched if
        // it cannot become a standby: its own log goes as soon as it streams.
        let was_standby = scene.recovers(node).await?;
        if !was_standby {
            scene.can_follow(node, upstream).await?;
        }
        let client = scene.client(node).await?;
        let settings = scene.standby_settings(wanted).await?;
        for (name, value) in &settings {
            in_force::alter_system(&client, name, Some(value.as_str())).await?;
        }
        if was_standby {
            scene.reload(step, node).await?;
            let mut pending = in_force::pending_restart(&scene.fresh_reader(node).await?).await?;
            pending.retain(|name| settings.iter().any(|(set, _)| *set == name.as_str()));
            if !pending.is_empty() {
                drop(client);
                scene.restarted(step, node).await?;
            }
            scene.can_follow(node, upstream).await?;
            return Ok(match pending.as_slice() {
                [] => "reloaded".to_owned(),
                pending => format!("restarted, for {}", pending.join(", ")),
            });
        }
        // A standby would end, or be promoted, at the target of a recovery that is long over.
        for name in RECOVERY_TARGET {
            in_force::alter_system(&client, name, None).await?;
        }
        let signal = ["touch".to_owned(), format!("{PGDATA}/standby.signal")];
        let container = scene.running(node).await?;
        let touched = scene.lab.engine.exec(&container.id, &signal, &[]).await?;
        if touched.code != 0 {
            let why = String::from_utf8_lossy(&touched.stderr).trim().to_owned();
            return Err(Wrong::failed(format!(
                "writing `standby.signal` on `{node}`: {why}"
            )));
        }
        drop(client);
        scene.restarted(step, node).await?;
        scene.can_follow(node, upstream).await?;
        Ok("restarted as a standby".to_owned())
    }
}

impl Scene<'_> {
    async fn restarted(&self, step: &Step, node: &NodeName) -> Tried<()> {
        self.stop_one(node, StopMode::Fast, self.patience(step))
            .await?;
        self.start(step, std::slice::from_ref(node)).await?;
        Ok(())
    }
}
