//! Kept base backups, and nodes recreated from them.

use std::time::Duration;

use super::scene::Scene;
use super::work::Work;
use super::{Tried, Wrong};
use crate::action::Step;
use crate::action::stop::StopMode;
use crate::engine::ContainerState;
use crate::name::{BackupName, NodeName};

const RESTORE: &str = include_str!("../../images/node/restore.sh");

impl Scene<'_> {
    /// Replaces a node's data by a kept backup.
    pub(super) async fn begin_again(
        &self,
        step: &Step,
        node: &NodeName,
        backup: &BackupName,
        conf: String,
        signal: &str,
    ) -> Tried {
        if self.container(node).await?.state == ContainerState::Running {
            self.stop_one(node, StopMode::Immediate, self.patience(step))
                .await?;
        }
        let work = Work {
            node,
            act: format!("unpacking the backup `{backup}` for `{node}`"),
            script: RESTORE,
            arguments: vec![backup.to_string(), signal.to_owned()],
            auto_conf: Some(conf),
            within: self.patience(step).max(Duration::from_secs(60)),
        };
        let worked = self.work(work).await;
        worked.map_err(|wrong| self.old_is_there(wrong, node))
    }

    /// Runs a program that must succeed.
    pub(super) async fn run_in(&self, node: &NodeName, command: &[String]) -> Tried {
        let container = self.running(node).await?;
        let ran = self.lab.engine.exec(&container.id, command, &[]).await?;
        if ran.code == 0 {
            return Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned());
        }
        let why = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        Err(Wrong::failed(format!(
            "running {} on `{node}`: {why}",
            command[0]
        )))
    }
}
