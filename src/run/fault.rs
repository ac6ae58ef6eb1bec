//! Faults: what is done to nodes that no server would do itself.

use std::time::Instant;

use super::stage::Stage;
use super::{Seen, Wrong};
use crate::action::Step;
use crate::engine::{ContainerState, EngineErrorKind};
use crate::name::NodeName;

impl Stage<'_> {
    /// Freezes nodes. Where a process starts or writes at that moment, Docker gives up after a fraction of a second and
    /// lets all of them go on; another attempt may find a better one.
    pub(super) async fn freeze(&self, step: &Step, nodes: &[NodeName]) -> Seen {
        for node in nodes {
            let container = self.running(node).await?;
            let deadline = Instant::now() + self.patience(step);
            loop {
                match self.lab.engine.pause_container(&container.id).await {
                    Ok(()) => break,
                    Err(error)
                        if error.kind == EngineErrorKind::Busy && Instant::now() < deadline =>
                    {
                        if self.cancel.is_cancelled() {
                            return Err(Wrong::Interrupted);
                        }
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok("frozen".to_owned())
    }

    /// Lets nodes go on. One that is not frozen goes on already.
    pub(super) async fn thaw(&self, nodes: &[NodeName]) -> Seen {
        for node in nodes {
            let container = self.container(node).await?;
            if container.state == ContainerState::Paused {
                self.lab.engine.unpause_container(&container.id).await?;
            }
        }
        Ok("goes on".to_owned())
    }
}
