//! Starting and stopping servers, for the steps that do it and for those that need it.

use std::time::Duration;

use super::scene::Scene;
use super::state::LogEnd;
use super::{Tried, Wrong, work};
use crate::action::{Step, stop::StopMode};
use crate::engine::ContainerState;
use crate::failure::Failure;
use crate::name::NodeName;
use crate::plan::Role;
use crate::server::log;
use crate::wait::Probe;

/// The longest time of a base backup in a step without `within`.
const BACKING_UP: Duration = Duration::from_secs(60);

impl Scene<'_> {
    /// Starts nodes and waits until each takes connections.
    pub(super) async fn start(&self, step: &Step, nodes: &[NodeName]) -> Tried {
        let mut before = Vec::new();
        for node in nodes {
            let container = self.container(node).await?;
            if container.state == ContainerState::Paused {
                let why = format!(
                    "`{node}` is frozen, not stopped: {}",
                    self.thaws(node).await
                );
                return Err(Wrong::failed(why));
            }
            self.not_at_work(node, self.patience(step)).await?;
            if container.state != ContainerState::Running && self.lab.lost_disk(node).await? {
                let name = &self.lab.plan.lab;
                let why = format!(
                    "the data of `{node}` is gone: its `disk` is memory, and the container that held it has ended, with Docker or by hand"
                );
                let hint = format!(
                    "`lab down {name}` removes the lab, `lab up` makes it anew; without `disk` the data is on Docker's disk"
                );
                return Err(Wrong::Failed(Failure::seen(why).with_hint(hint)));
            }
            before.push(self.lines(node).await?.end());
            self.lab.engine.start_container(&container.id).await?;
            // Before the next node starts, so that of two partitioned nodes at least one has its fault.
            self.lab.restore_faults(node, self.cancel).await?;
        }
        for (node, before) in nodes.iter().zip(before) {
            if let Err(wrong) = self.answers(step, node).await {
                let ended = self.ended_at_once(node, &before).await;
                return Err(ended.map_or(wrong, Wrong::failed));
            }
        }
        Ok("takes connections".to_owned())
    }

    /// Why a started node is not running, from its log after that end.
    async fn ended_at_once(&self, node: &NodeName, before: &LogEnd) -> Option<String> {
        let container = self.container(node).await.ok()?;
        let code = container.exit_code?;
        let lines = self.lines(node).await.ok()?.since(before);
        let why = log::why_ended(&lines).join("\n");
        let how = work::ended(code, container.out_of_memory, &format!("\n{why}"));
        Some(format!("`{node}` was started and ended with {how}"))
    }

    /// Waits until a server takes connections. If its settings allow none, waits for its container.
    pub(super) async fn answers(&self, step: &Step, node: &NodeName) -> Tried<()> {
        let planned = self.lab.plan.node(node);
        let cold = |role: &Role| matches!(role, Role::Standby(standby) if !standby.hot);
        if planned.is_some_and(|planned| cold(&planned.role)) {
            return self.running(node).await.map(drop);
        }
        // A node with `start: later` may be taking its base backup.
        let within = match planned {
            Some(planned) if planned.later && step.within.is_none() => BACKING_UP,
            _ => self.patience(step),
        };
        let expected = || format!("`{node}` takes connections");
        self.wait(within, expected, || async {
            match self.client(node).await {
                Ok(_) => Ok(Probe::Ready(())),
                Err(Wrong::Refused { error, why }) if error.may_pass() => {
                    Ok(Probe::NotYet(why.to_string()))
                }
                Err(wrong) => Err(wrong),
            }
        })
        .await
    }

    /// Stops a node, if it is running.
    pub(super) async fn stop_one(
        &self,
        node: &NodeName,
        mode: StopMode,
        within: Duration,
    ) -> Tried<()> {
        let container = self.container(node).await?;
        match container.state {
            ContainerState::Running => {}
            ContainerState::Paused => {
                let why = format!(
                    "`{node}` is frozen and cannot stop: {}",
                    self.thaws(node).await
                );
                return Err(Wrong::failed(why));
            }
            _ => return Ok(()),
        }
        // A smart shutdown would wait for our own connections for ever.
        self.forget(node).await;
        let engine = &self.lab.engine;
        engine
            .signal_container(&container.id, mode.signal())
            .await?;
        match self.gone(node, within).await {
            Err(wrong) => Err(self.why_not_stopped(node, mode, wrong).await),
            gone => gone,
        }
    }

    /// Waits until a node's container has ended.
    pub(super) async fn gone(&self, node: &NodeName, within: Duration) -> Tried<()> {
        let expected = || format!("`{node}` has stopped");
        self.wait(within, expected, || async {
            let state = self.container(node).await?.state;
            Ok(match state {
                ContainerState::Exited | ContainerState::Dead => Probe::Ready(()),
                state => Probe::NotYet(format!("its container is {}", state.word())),
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::action::OneOrMany;
    use crate::action::start::Start;
    use crate::engine::Engine;
    use crate::run::stopped;

    #[tokio::test(start_paused = true)]
    async fn a_disk_in_memory_that_nobody_holds_any_more_is_said_to_be_gone() {
        let lab = stopped::lab("n: { disk: 256MB }").await;
        let node = lab.plan.nodes[0].name.clone();
        let cancel = CancellationToken::new();
        let second = Duration::from_secs(1);
        let scene = Scene::new(&lab, second, &cancel, Duration::from_secs(60));
        let nodes = OneOrMany(vec![node]);
        let step = Step::of(Start(nodes.clone()));
        let wrong = scene.start(&step, &nodes.0).await.expect_err("no data");
        let Wrong::Failed(why) = &wrong else {
            panic!("{wrong:?}");
        };
        assert!(
            why.message
                .starts_with("the data of `n` is gone: its `disk` is memory"),
            "{why}"
        );
        let Engine::Fake(fake) = &lab.engine else {
            unreachable!("the lab is in memory")
        };
        let calls = fake.journal();
        assert!(
            !calls.iter().any(|call| call.starts_with("start")),
            "{calls:?}"
        );
    }
}
