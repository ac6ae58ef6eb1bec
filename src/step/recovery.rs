//! Base backups that are kept, the archive, and recovery to a point.

use super::follow::auto_conf;
use super::stage::Stage;
use super::work::Work;
use super::{Seen, Wrong};
use crate::engine::{ContainerState, Engine};
use crate::name::{BackupName, NodeName};
use crate::postgres::command::{ARCHIVE, ARCHIVE_BROKEN};
use crate::scenario::step::{ArchiveState, CloneFrom, Follow, Restore, Step, StopMode, Target};
use crate::wait::Probe;

/// See there.
const RESTORE: &str = include_str!("../../images/node/restore.sh");

impl<E: Engine> Stage<'_, E> {
    /// Takes a base backup into the lab's own volume.
    pub(super) async fn backup(&self, step: &Step, name: &BackupName) -> Seen {
        let (node, _) = super::target(step)?;
        let folder = format!("{ARCHIVE}/backups/{name}");
        // The server's own socket, which asks for nothing.
        let command = [
            "pg_basebackup",
            "--username=postgres",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--no-sync",
        ];
        let mut command = command.map(str::to_owned).to_vec();
        command.push(format!("--pgdata={folder}"));
        self.run_in(node, &command).await?;
        Ok(format!("kept as {name}"))
    }

    pub(super) async fn clone_from(&self, step: &Step, clone: &CloneFrom) -> Seen {
        let follow = Follow {
            node: clone.node.clone(),
            upstream: clone.upstream.clone(),
            slot: clone.slot.clone(),
        };
        self.slot(&follow).await?;
        let conf = auto_conf(&self.standby_settings(&follow));
        self.begin_again(step, &clone.node, &clone.backup, conf, "standby.signal")
            .await?;
        self.start(step, std::slice::from_ref(&clone.node)).await?;
        Ok(format!("begins again with the backup {}", clone.backup))
    }

    pub(super) async fn restore(&self, step: &Step, restore: &Restore) -> Seen {
        let node = &restore.node;
        let mut settings = restore.to.as_ref().map_or_else(Vec::new, Target::settings);
        // It does not wait for somebody to look at it.
        settings.push(("recovery_target_action", "promote".to_owned()));
        self.begin_again(
            step,
            node,
            &restore.backup,
            auto_conf(&settings),
            "recovery.signal",
        )
        .await?;
        self.start(step, std::slice::from_ref(node)).await?;
        let expected = || format!("`{node}` has recovered and takes writes");
        self.wait(self.patience(step), expected, || async {
            let recovers = self.ask(node, "SELECT pg_is_in_recovery()").await?;
            Ok(if recovers.as_deref() == Some("f") {
                Probe::Ready(())
            } else {
                Probe::NotYet("it still recovers".to_owned())
            })
        })
        .await?;
        let timeline = self.timeline(node).await?;
        Ok(format!("recovered, on timeline {timeline}"))
    }

    async fn begin_again(
        &self,
        step: &Step,
        node: &NodeName,
        backup: &BackupName,
        conf: String,
        signal: &str,
    ) -> Seen {
        if self.container(node).await?.state == ContainerState::Running {
            self.stop_one(node, StopMode::Immediate, self.patience(step))
                .await?;
        }
        let work = Work {
            node,
            act: format!("unpacking the backup `{backup}` for `{node}`"),
            script: RESTORE,
            arguments: vec![backup.to_string(), signal.to_owned()],
            env: vec![format!("AUTO_CONF={conf}")],
            within: self.patience(step).max(std::time::Duration::from_secs(60)),
        };
        self.work(work).await
    }

    pub(super) async fn archive(&self, state: ArchiveState) -> Seen {
        let command = match state {
            ArchiveState::Broken => ["touch", ARCHIVE_BROKEN].map(str::to_owned).to_vec(),
            ArchiveState::Healed => ["rm", "-f", ARCHIVE_BROKEN].map(str::to_owned).to_vec(),
        };
        for node in &self.cluster.plan.nodes {
            if self.container(&node.name).await?.state == ContainerState::Running {
                self.run_in(&node.name, &command).await?;
                return Ok(match state {
                    ArchiveState::Broken => "nothing goes in or comes out",
                    ArchiveState::Healed => "it can be reached again",
                }
                .to_owned());
            }
        }
        Err(Wrong::Failed(
            "no node runs that could reach the archive".to_owned(),
        ))
    }

    /// Runs a program that must succeed.
    async fn run_in(&self, node: &NodeName, command: &[String]) -> Seen {
        let container = self.running(node).await?;
        let ran = self
            .cluster
            .engine
            .exec(&container.id, command, &[])
            .await?;
        if ran.code == 0 {
            return Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned());
        }
        let why = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        Err(Wrong::Failed(format!(
            "running {} on `{node}`: {why}",
            command[0]
        )))
    }
}
