//! `follow`: a node made a standby of another, with the data that it has.

use super::standby::auto_conf;
use super::work::Work;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::follow::Follow;
use crate::action::stop::StopMode;
use crate::action::upstream::Upstream;
use crate::engine::ContainerState;
use crate::server::command::PGDATA;
use crate::server::in_force;

const FOLLOW: &str = include_str!("../../images/node/follow.sh");

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
                auto_conf: Some(auto_conf(&scene.standby_settings(wanted))),
                within: scene.patience(step),
            };
            scene.work(work).await?;
            scene.start(step, std::slice::from_ref(node)).await?;
            scene.can_follow(node, upstream).await?;
            return Ok("started as a standby".to_owned());
        }
        let client = scene.client(node).await?;
        for (name, value) in scene.standby_settings(wanted) {
            in_force::alter_system(&client, name, Some(&value)).await?;
        }
        if scene.recovers(node).await? {
            scene.reload(step, node).await?;
            scene.can_follow(node, upstream).await?;
            return Ok("reloaded".to_owned());
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
        scene
            .stop_one(node, StopMode::Fast, scene.patience(step))
            .await?;
        scene.start(step, std::slice::from_ref(node)).await?;
        scene.can_follow(node, upstream).await?;
        Ok("restarted as a standby".to_owned())
    }
}
