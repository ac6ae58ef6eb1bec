//! `lab exec`: runs a program in a node's container.
//!
//! Docker's own client runs it if it is installed, because it can attach the terminal. Otherwise the engine's API runs it,
//! without a terminal.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use replication_lab::engine::ContainerState;
use replication_lab::exit::Exit;
use replication_lab::lab::Lab;
use replication_lab::name::NodeName;

use super::arguments::LabArgument;
use super::failure::Misuse;

/// Run a program in a node's container.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab exec physical-sync primary -- bash\n  lab exec physical-sync replica -- pg_controldata"
)]
pub(super) struct ExecCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// The node.
    node: String,
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl ExecCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let lab = self.lab.find().await?;
        run_in(&lab, &self.node, &self.command).await
    }
}

/// Runs a program in a container with this process's standard streams, and exits with the program's exit code.
pub(super) async fn run_in(lab: &Lab, node: &str, command: &[String]) -> Result<Exit> {
    let container = lab.container(node)?;
    if container.state != ContainerState::Running {
        let name = &lab.plan.lab;
        let topology = lab.topology().await;
        let named = NodeName::new(node).ok();
        let replaced = named.and_then(|node| lab.succession(&topology, &node));
        let (how, mend) = if container.state == ContainerState::Paused {
            (
                "is frozen",
                format!("run `lab heal {name} {node}` to thaw it"),
            )
        } else {
            (
                "is not running",
                format!("run `lab start {name} {node}` to start it"),
            )
        };
        let hint = replaced.unwrap_or(mend);
        let why = container.why_ended().map(|why| format!(": {why}"));
        let why = why.unwrap_or_default();
        let message = format!("`{node}` {how}, so no program can run in it{why}");
        let hint = Some(hint);
        return Err(Misuse { message, hint }.into());
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let client = Command::new("docker")
        .arg("exec")
        .arg(if terminal { "-it" } else { "-i" })
        .arg(&container.name)
        .args(command)
        .exec();
    if client.kind() != std::io::ErrorKind::NotFound {
        return Err(client).context("running Docker's client");
    }
    let mut input = Vec::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin().lock().read_to_end(&mut input)?;
    }
    let ran = lab.engine.exec(&container.name, command, &input).await?;
    std::io::stdout().lock().write_all(&ran.stdout)?;
    std::io::stderr().lock().write_all(&ran.stderr)?;
    #[expect(clippy::exit, reason = "the exit code is that of the program")]
    std::process::exit(i32::try_from(ran.code).unwrap_or(1));
}
