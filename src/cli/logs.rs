//! `lab logs`: what nodes' servers wrote.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use replication_lab::engine::Engine as _;
use replication_lab::exit::Exit;

use super::arguments::LabArgument;
use super::output;

/// What a node's server wrote, or every node's.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab logs physical-sync\n  lab logs physical-sync replica --tail 20\n  lab logs physical-sync replica --follow"
)]
pub(super) struct Logs {
    #[command(flatten)]
    lab: LabArgument,
    /// The node; every node where silent.
    node: Option<String>,
    /// Only the last lines.
    #[arg(long, short = 'n', value_name = "LINES")]
    tail: Option<usize>,
    /// Go on as the server writes; needs Docker's client and a node.
    #[arg(long, short, requires = "node")]
    follow: bool,
}

impl Logs {
    pub(super) async fn run(self) -> Result<Exit> {
        let cluster = self.lab.find().await?;
        if let (true, Some(node)) = (self.follow, &self.node) {
            let mut command = Command::new("docker");
            command.args(["logs", "--follow"]);
            if let Some(tail) = self.tail {
                command.arg(format!("--tail={tail}"));
            }
            return Err(command.arg(&cluster.container(node)?.name).exec())
                .context("running Docker's client");
        }
        if let Some(node) = &self.node {
            let container = cluster.container(node)?;
            output::print(&cluster.engine.logs(&container.name, self.tail).await?)?;
            return Ok(Exit::Done);
        }
        let width = cluster
            .plan
            .nodes
            .iter()
            .map(|node| node.name.as_str().len())
            .max()
            .unwrap_or(0);
        for (node, container) in cluster.nodes() {
            let Some(container) = container else { continue };
            let log = cluster.engine.logs(&container.name, self.tail).await?;
            let lines = log
                .lines()
                .map(|line| format!("{:<width$} | {line}\n", node.name.as_str()));
            output::print(&lines.collect::<String>())?;
        }
        Ok(Exit::Done)
    }
}
