//! `set`: settings of a running or stopped server.

use super::scene::Scene;
use super::settings::boolean;
use super::standby::auto_conf;
use super::work::Work;
use super::{Act, Tried, Walk};
use crate::action::set::Set;
use crate::action::stop::StopMode;
use crate::action::{Cell, Step};
use crate::engine::ContainerState;
use crate::name::NodeName;
use crate::server::client::Reader;
use crate::server::server_error::ServerError;
use crate::server::{in_force, quiet};

const SET: &str = include_str!("../../images/node/set.sh");

impl Act for Set {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let (node, _) = super::target(step)?;
        let state = scene.container(node).await?.state;
        if matches!(state, ContainerState::Exited | ContainerState::Dead) {
            return set_stopped(scene, step, node, self).await;
        }
        let reader = scene.client(node).await?;
        self.alter(&reader).await?;
        scene.reload(step, node).await?;
        let pending = in_force::pending_restart(&scene.fresh_reader(node).await?).await?;
        if pending.is_empty() {
            return Ok("reloaded".to_owned());
        }
        drop(reader);
        scene
            .stop_one(node, StopMode::Fast, scene.patience(step))
            .await?;
        scene.start(step, std::slice::from_ref(node)).await?;
        Ok(format!("restarted, for {}", pending.join(", ")))
    }
}

impl Set {
    /// Alters each setting. One with a password is kept out of the server's log.
    async fn alter(&self, reader: &Reader) -> Result<(), ServerError> {
        for (name, value) in &self.0 {
            let value = match value {
                Some(Cell(Some(value))) => Some(boolean(value)),
                _ => None,
            };
            let value = value.as_deref();
            let altering = in_force::alter_system(reader, name.as_str(), value);
            quiet::about(reader, value.unwrap_or_default(), altering).await?;
        }
        Ok(())
    }
}

/// Writes settings as `ALTER SYSTEM` does.
async fn set_stopped(scene: &Scene<'_>, step: &Step, node: &NodeName, set: &Set) -> Tried {
    let lines = set.0.iter().filter_map(|(name, value)| match value {
        Some(Cell(Some(value))) => Some((name.as_str(), boolean(value))),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    let work = Work {
        node,
        act: format!("writing settings of `{node}`"),
        script: SET,
        arguments: set.0.keys().map(ToString::to_string).collect(),
        auto_conf: Some(auto_conf(&lines)),
        within: scene.patience(step),
    };
    scene.work(work).await?;
    Ok("written; takes effect when the server starts".to_owned())
}
