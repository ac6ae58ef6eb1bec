//! `backup`: a base backup, kept in the lab's own volume.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::backup::Backup;
use crate::server::command::ARCHIVE;

impl Act for Backup {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(name) = self;
        let (node, _) = super::target(step)?;
        let folder = format!("{ARCHIVE}/backups/{name}");
        // The server's own socket, which needs no password.
        let command = [
            "pg_basebackup",
            "--username=postgres",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--no-sync",
        ];
        let mut command = command.map(str::to_owned).to_vec();
        command.push(format!("--pgdata={folder}"));
        let apart = scene.tablespaces_apart(node).await?;
        let beside = format!("{folder}.tablespaces");
        command.extend(apart.iter().map(|it| it.mapping(&beside)));
        scene.run_in(node, &command).await?;
        Ok(format!("kept as {name}"))
    }
}
