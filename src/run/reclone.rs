//! `reclone`: a node recreated from a base backup of its upstream.

use std::time::Duration;

use super::standby::auto_conf;
use super::work::Work;
use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::reclone::Reclone;
use crate::action::stop::StopMode;
use crate::action::upstream::Upstream;
use crate::engine::ContainerState;
use crate::server::command::{self, NEW_TABLESPACES};

const RECLONE: &str = include_str!("../../images/node/reclone.sh");

impl Act for Reclone {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(wanted) = self;
        scene.can_stream(step, wanted).await?;
        let Upstream {
            node,
            upstream,
            slot,
        } = wanted;
        let plan = &scene.lab.plan;
        let user = &plan.replication_user.name;
        let mut command = command::base_backup(upstream, user, node, slot.as_ref(), plan.tls);
        let apart = scene.tablespaces_apart(upstream).await?;
        command.extend(apart.iter().map(|it| it.mapping(NEW_TABLESPACES)));
        if scene.container(node).await?.state == ContainerState::Running {
            scene
                .stop_one(node, StopMode::Immediate, scene.patience(step))
                .await?;
        }
        let work = Work {
            node,
            act: format!("taking a base backup of `{upstream}` for `{node}`"),
            script: RECLONE,
            arguments: command,
            auto_conf: Some(auto_conf(&scene.standby_settings(wanted).await?)),
            // A base backup takes longer than the usual wait of a step.
            within: scene.patience(step).max(Duration::from_secs(60)),
        };
        let worked = scene.work(work).await;
        worked.map_err(|wrong| scene.old_is_there(wrong, node))?;
        scene.start(step, std::slice::from_ref(node)).await?;
        Ok(format!("recreated from a base backup of {upstream}"))
    }
}
