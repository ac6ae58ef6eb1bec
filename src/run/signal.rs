//! `signal`: signals to a server's processes.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::signal::Signal;
use crate::server::client::literal;
use crate::wait::Probe;

impl Act for Signal {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let (node, _) = super::target(step)?;
        let sql = format!(
            "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE backend_type = {} AND pid <> pg_backend_pid()",
            literal(&self.backend)
        );
        let expected = || format!("`{node}` has a {}", self.backend);
        let pids = scene
            .wait(scene.patience(step), expected, || async {
                Ok(match scene.ask(node, &sql).await? {
                    Some(pids) => Probe::Ready(pids),
                    None => Probe::NotYet(format!("it has no {}", self.backend)),
                })
            })
            .await?;
        let container = scene.running(node).await?;
        // The shell has `kill` built in, which not every image has as a program.
        let mut command = [
            "sh",
            "-c",
            "kill -s \"$@\"",
            "lab-signal",
            self.signal.word(),
        ]
        .map(str::to_owned)
        .to_vec();
        command.extend(pids.split(' ').map(str::to_owned));
        let sent = scene.lab.engine.exec(&container.id, &command, &[]).await?;
        if sent.code != 0 {
            let why = String::from_utf8_lossy(&sent.stderr).trim().to_owned();
            return Err(Wrong::failed(format!(
                "sending a signal on `{node}`: {why}"
            )));
        }
        let plural = if pids.contains(' ') {
            "processes"
        } else {
            "process"
        };
        Ok(format!("sent to {plural} {pids}"))
    }
}
