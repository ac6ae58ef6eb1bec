//! `lab monitor`: shows how far every downstream is behind.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::lab::monitor::Monitor;
use replication_lab::report::table;

use super::Context;
use super::arguments::{self, LabArgument};
use super::output::{self, Output};

const AFTER_HELP: &str = "\
Examples:
  lab monitor physical-sync
  lab monitor logical-shopping --watch --every 500ms
  lab monitor fan-out --output json | jq '.edges[] | {downstream, replay_lag_bytes}'

The data comes from `pg_stat_replication` and `pg_replication_slots` of every node. Planned connections that do not exist are \
shown too. The exit code is 0 when every planned downstream is streaming, else 1. With --watch, ctrl-C ends it with 0.";

/// Show state and lag of every replication connection.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct MonitorCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// Repeat until ctrl-C.
    #[arg(long, short)]
    watch: bool,
    /// The time between two repetitions.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::duration, requires = "watch")]
    every: Duration,
    /// The output format. With --watch, JSON is one document a line.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl MonitorCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        loop {
            // A restarted node has another port, so the lab is looked up every time.
            let monitor = self.lab.enter().await?.monitor().await;
            let is_read = output::print_raw(&self.text(&monitor)?)?;
            if !self.watch {
                return Ok(if monitor.is_streaming() {
                    Exit::Done
                } else {
                    Exit::CheckFailed
                });
            }
            if !is_read {
                return Ok(Exit::Done);
            }
            tokio::select! {
                () = context.cancel.cancelled() => return Ok(Exit::Done),
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    fn text(&self, monitor: &Monitor) -> Result<String> {
        Ok(match self.output {
            Output::Json if self.watch => output::line(monitor)? + "\n",
            Output::Json => output::document(monitor)?,
            // Moves the cursor home and clears the screen below it.
            Output::Table if self.watch && std::io::stdout().is_terminal() => {
                format!(
                    "\u{1b}[H\u{1b}[J{}",
                    output::results(&table::monitor(monitor, output::width()))
                )
            }
            Output::Table => output::results(&table::monitor(monitor, output::width())),
        })
    }
}
