//! `signal`: signals to a server's processes.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::signal::Signal;
use crate::server::activity;
use crate::wait::Probe;

impl Act for Signal {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let (node, _) = super::target(step)?;
        let expected = || format!("`{node}` has a {}", self.backend);
        let pids = scene
            .wait(scene.patience(step), expected, || async {
                let reader = scene.client(node).await?;
                let pids = activity::processes(&reader, &self.backend).await?;
                let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
                Ok(if pids.is_empty() {
                    Probe::NotYet(format!("it has no {}", self.backend))
                } else {
                    Probe::Ready(pids.join(" "))
                })
            })
            .await?;
        let container = scene.running(node).await?;
        // `kill` is a shell builtin; not every image has it as a program.
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
