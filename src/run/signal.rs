//! Signals to a server's processes.

use super::stage::Stage;
use super::{Seen, Wrong};
use crate::action::{Signal, Step};
use crate::server::client::literal;
use crate::wait::Probe;

impl Stage<'_> {
    pub(super) async fn signal(&self, step: &Step, signal: &Signal) -> Seen {
        let (node, _) = super::target(step)?;
        let sql = format!(
            "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE backend_type = {} AND pid <> pg_backend_pid()",
            literal(&signal.backend)
        );
        let expected = || format!("`{node}` has a {}", signal.backend);
        let pids = self
            .wait(self.patience(step), expected, || async {
                Ok(match self.ask(node, &sql).await? {
                    Some(pids) => Probe::Ready(pids),
                    None => Probe::NotYet(format!("it has no {}", signal.backend)),
                })
            })
            .await?;
        let container = self.running(node).await?;
        // The shell has `kill` built in, which not every image has as a program.
        let mut command = [
            "sh",
            "-c",
            "kill -s \"$@\"",
            "lab-signal",
            signal.signal.word(),
        ]
        .map(str::to_owned)
        .to_vec();
        command.extend(pids.split(' ').map(str::to_owned));
        let sent = self.lab.engine.exec(&container.id, &command, &[]).await?;
        if sent.code != 0 {
            let why = String::from_utf8_lossy(&sent.stderr).trim().to_owned();
            return Err(Wrong::Failed(format!(
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
