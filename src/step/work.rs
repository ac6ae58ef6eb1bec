//! Work on a stopped node's data: a container beside its own, with the same volume, that ends when it is done.

use std::time::Duration;

use super::stage::Stage;
use super::{Seen, Wrong, exec};
use crate::cluster::{archive, labels};
use crate::engine::{ContainerSpec, ContainerState, Engine, Mount};
use crate::image;
use crate::name::NodeName;
use crate::wait::Probe;

/// One piece of work.
pub(super) struct Work<'w> {
    pub(super) node: &'w NodeName,
    /// "taking a base backup of `a` for `b`".
    pub(super) act: String,
    /// A shell script, and its arguments.
    pub(super) script: &'static str,
    pub(super) arguments: Vec<String>,
    /// `KEY=VALUE`.
    pub(super) env: Vec<String>,
    pub(super) within: Duration,
}

impl<E: Engine> Stage<'_, E> {
    /// Does it, and returns what it wrote.
    pub(super) async fn work(&self, work: Work<'_>) -> Seen {
        let engine = &self.cluster.engine;
        let lab = &self.cluster.plan.lab;
        let own = self.container(work.node).await?;
        if own.state == ContainerState::Paused {
            let node = work.node;
            return Err(Wrong::Failed(format!(
                "`{node}` is frozen: {}",
                self.thaws(node)
            )));
        }
        let image = engine.find_image(&own.image).await?;
        let image = image.ok_or_else(|| {
            Wrong::Failed(format!("{}: the image `{}` is gone", work.act, own.image))
        })?;
        let mut command: Vec<String> = ["sh", "-c", work.script, "lab-node"]
            .map(str::to_owned)
            .into();
        command.extend(work.arguments);
        let mut mounts = vec![Mount {
            volume: labels::node_object(lab, work.node),
            target: image::data_mount(&image).into(),
            read_only: false,
            labels: labels::of_node(lab, work.node),
        }];
        mounts.extend(archive::mount(&self.cluster.plan));
        let spec = ContainerSpec {
            // A node's name has no `.`, so no node's container has this name.
            name: format!("{}.work", labels::node_object(lab, work.node)),
            hostname: work.node.to_string(),
            image: own.image.clone(),
            user: "postgres".to_owned(),
            command,
            env: work.env,
            network: Some(labels::lab_object(lab)),
            // The node's own, which is free meanwhile: others let in nobody else.
            address: own.address,
            publish: None,
            mounts,
            shm_bytes: 0,
            labels: labels::of_lab(lab),
            stdin: false,
            power: None,
        };
        // One whose process was killed may have ended since, or never have begun.
        if let Some(old) = engine.find_container(&spec.name).await? {
            if old.state == ContainerState::Running {
                let why = format!("{}: something is at work on its data already", work.act);
                return Err(Wrong::Failed(why));
            }
            engine.remove_container(&old.id).await?;
        }
        let id = engine.create_container(&spec).await?;
        if let Err(error) = engine.start_container(&id).await {
            engine.remove_container(&id).await?;
            return Err(error.into());
        }
        let ended = self
            .wait(
                work.within,
                || format!("{} is done", work.act),
                || async {
                    let container = engine.find_container(&id).await?;
                    let container = container
                        .ok_or_else(|| Wrong::Failed("its container is gone".to_owned()))?;
                    Ok(match container.state {
                        ContainerState::Exited | ContainerState::Dead => {
                            Probe::Ready(container.exit_code)
                        }
                        state => Probe::NotYet(format!("its container is {}", state.word())),
                    })
                },
            )
            .await;
        let log = engine.logs(&id, Some(20)).await.unwrap_or_default();
        engine.remove_container(&id).await?;
        match ended? {
            Some(0) => Ok(log),
            Some(code) => {
                let how = exec::ended(code, &format!("\n{}", log.trim()));
                Err(Wrong::Failed(format!("{} ended with {how}", work.act)))
            }
            None => Err(Wrong::Failed(format!("{} did not end", work.act))),
        }
    }
}
