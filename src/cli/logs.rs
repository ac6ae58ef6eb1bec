//! `lab logs`: shows the logs of nodes and services.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use replication_lab::exit::Exit;

use super::arguments::LabArgument;
use super::output;

/// Show the log of a node or service, or all logs of a lab.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab logs physical-sync\n  lab logs physical-sync replica --tail 20\n  lab logs physical-sync replica --follow"
)]
pub(super) struct LogsCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// The node or service. Default: all of them.
    node: Option<String>,
    /// Print only the last lines.
    #[arg(long, short = 'n', value_name = "LINES")]
    tail: Option<usize>,
    /// Keep printing new lines. Needs Docker's client and a node.
    #[arg(long, short, requires = "node")]
    follow: bool,
}

impl LogsCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let lab = self.lab.find().await?;
        if let (true, Some(node)) = (self.follow, &self.node) {
            let mut command = Command::new("docker");
            command.args(["logs", "--follow"]);
            if let Some(tail) = self.tail {
                command.arg(format!("--tail={tail}"));
            }
            return Err(command.arg(&lab.container(node)?.name).exec())
                .context("running Docker's client");
        }
        if let Some(node) = &self.node {
            let container = lab.container(node)?;
            output::print(&lab.engine.logs(&container.name, self.tail).await?)?;
            return Ok(Exit::Done);
        }
        let nodes = lab
            .nodes()
            .map(|(node, container)| (node.name.as_str(), container));
        let services = lab
            .services()
            .map(|(service, container)| (service.name.as_str(), container));
        let all: Vec<_> = nodes.chain(services).collect();
        let width = all.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, container) in all {
            let Some(container) = container else { continue };
            let log = lab.engine.logs(&container.name, self.tail).await?;
            let lines = log.lines().map(|line| format!("{name:<width$} | {line}\n"));
            output::print(&lines.collect::<String>())?;
        }
        Ok(Exit::Done)
    }
}
