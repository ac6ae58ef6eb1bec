//! `lab status`: shows the state of every node.

use anyhow::Result;
use clap::Args;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::name::LabName;
use replication_lab::report::table;

use super::arguments;
use super::list;
use super::output::{self, Output, say};

const AFTER_HELP: &str = "\
Examples:
  lab status physical-sync
  lab status physical-sync --output json | jq '.nodes[] | {name, role, replay_lag_bytes}'

  lab status physical-sync --as-planned

The roles are the present ones. A role or an upstream that differs from the plan is marked (planned: …). The exit code is 0 if every \
node works: it answers, streams if it is a standby, and is the only primary of its data. With --as-planned every node must also \
have its planned role and upstream.";

/// Show the state of every node: role, positions, lag, slot.
///
/// Without a name, list the existing labs.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct StatusCommand {
    /// The lab's name.
    name: Option<LabName>,
    /// Fail if a node does not have its planned role and upstream, also after a switchover that succeeded.
    #[arg(long, requires = "name")]
    as_planned: bool,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl StatusCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let docker = Engine::connect().await?;
        let Some(name) = self.name else {
            let labs = list::existing(&docker, list::Ask::Servers).await?;
            match self.output {
                Output::Json => output::json(&labs)?,
                Output::Table => output::print(&list::table(&labs))?,
            }
            return Ok(Exit::Done);
        };
        let lab = arguments::find(docker, &name).await?;
        let status = lab.status().await;
        if !lab.is_complete {
            say(&format!(
                "`lab up` of {name} still runs or was killed: `lab down {name}` removes what exists"
            ));
        }
        match self.output {
            Output::Json => output::json(&status)?,
            Output::Table => output::print_results(&table::status(&status, output::width()))?,
        }
        Ok(
            if status.healthy && (status.as_planned || !self.as_planned) {
                Exit::Done
            } else {
                Exit::CheckFailed
            },
        )
    }
}
