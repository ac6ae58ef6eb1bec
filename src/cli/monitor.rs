//! `lab monitor`: how far every downstream is behind.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::lab::monitor::Monitor as Status;
use replication_lab::report::table;

use super::Context;
use super::arguments::{self, LabArgument};
use super::output::{self, Output};

const AFTER_HELP: &str = "\
Examples:
  lab monitor physical-sync
  lab monitor logical-shopping --watch --every 500ms
  lab monitor fan-out --output json | jq '.edges[] | {downstream, replay_lag_bytes}'

What is shown comes from `pg_stat_replication` and `pg_replication_slots` of every node; \
what was planned and is not connected is shown too. Exit code 0 when every planned downstream is streaming, 1 when one \
is not; with --watch, ctrl-c ends it.";

/// Replication state and lag of every edge, in bytes and in time, once or again and again.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Monitor {
    #[command(flatten)]
    lab: LabArgument,
    /// Look again and again, until ctrl-c.
    #[arg(long, short)]
    watch: bool,
    /// How long to wait between two looks.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = arguments::duration, requires = "watch")]
    every: Duration,
    /// How it is written: with --watch, JSON is one document a line.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl Monitor {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        loop {
            // Found anew each time: a node that was started again has another port.
            let monitor = self.lab.find().await?.monitor().await;
            let is_read = output::print_on(&self.text(&monitor)?)?;
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

    fn text(&self, monitor: &Status) -> Result<String> {
        Ok(match self.output {
            Output::Json if self.watch => serde_json::to_string(monitor)? + "\n",
            Output::Json => serde_json::to_string_pretty(monitor)? + "\n",
            // The cursor goes home and what is below it is cleared.
            Output::Table if self.watch && std::io::stdout().is_terminal() => {
                format!("\u{1b}[H\u{1b}[J{}", table::monitor(monitor))
            }
            Output::Table => table::monitor(monitor),
        })
    }
}
