//! Base backups that are kept, the archive, and recovery to a point.

use std::time::Duration;

use super::follow::auto_conf;
use super::stage::Stage;
use super::work::Work;
use super::{Seen, Wrong};
use crate::action::{ArchiveState, CloneFrom, Follow, Restore, Step, StopMode};
use crate::engine::ContainerState;
use crate::name::{BackupName, NodeName};
use crate::server::command::{ARCHIVE, ARCHIVE_BROKEN};
use crate::server::log;
use crate::wait::Probe;

/// See there.
const RESTORE: &str = include_str!("../../images/node/restore.sh");

/// How long a server may take to end that closes its connections.
const ENDING: Duration = Duration::from_secs(2);

impl Stage<'_> {
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
        let mut settings = restore.target();
        // It does not wait for somebody to look at it.
        settings.push(("recovery_target_action", "promote".to_owned()));
        let conf = auto_conf(&settings);
        self.begin_again(step, node, &restore.backup, conf, "recovery.signal")
            .await?;
        let before = self.lines(node).await?.len();
        if let Err(wrong) = self.recovers(step, node).await {
            let failed = matches!(wrong, Wrong::Failed(_));
            let unreached = self.unreached(restore, before);
            let why = if failed { unreached.await } else { None };
            return Err(why.map_or(wrong, Wrong::Failed));
        }
        let timeline = self.timeline(node).await?;
        Ok(format!("recovered, on timeline {timeline}"))
    }

    /// Starts a node and waits until it has recovered.
    async fn recovers(&self, step: &Step, node: &NodeName) -> Seen<()> {
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
        .await
    }

    /// Why a server that was to recover has ended, in its log's words: those after so many lines.
    async fn unreached(&self, restore: &Restore, before: usize) -> Option<String> {
        let node = &restore.node;
        // One that took connections already has closed them a moment before it is gone.
        self.gone(node, ENDING).await.ok()?;
        let lines = self.lines(node).await.ok()?;
        let line = log::end_of_recovery(lines.iter().skip(before).map(String::as_str))?;
        let to = restore.target_in_words();
        Some(format!("`{node}` did not get to {to}, and ended: {line}"))
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
            within: self.patience(step).max(Duration::from_secs(60)),
        };
        self.work(work).await
    }

    pub(super) async fn archive(&self, state: ArchiveState) -> Seen {
        let command = match state {
            ArchiveState::Broken => ["touch", ARCHIVE_BROKEN].map(str::to_owned).to_vec(),
            ArchiveState::Healed => ["rm", "-f", ARCHIVE_BROKEN].map(str::to_owned).to_vec(),
        };
        for node in &self.lab.plan.nodes {
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
        let ran = self.lab.engine.exec(&container.id, command, &[]).await?;
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
