//! `lab verify`: proves again that a running lab replicates.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::report::table;
use replication_lab::verify;

use super::Context;
use super::arguments::{self, LabArgument};
use super::output::{self, Output, say};

const AFTER_HELP: &str = "\
Examples:
  lab verify physical-sync
  lab verify physical-sync --as-planned
  lab verify physical-sync --output json | jq '.checks[] | select(.passed | not)'

The proof writes a row into every table and removes it again. It freezes standbys for a fraction of a second. A lab can be \
verified while it is in use. What is proved is the present topology: after a failover the new primary and what replicates from it, \
and subscriptions that were created since. With --as-planned the scenario's topology is proved. The exit code is 0 if every \
check passes, else 1.";

/// Prove again that a running lab replicates.
///
/// Rows must arrive, values must be equal, and commits must wait exactly where they should.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct VerifyCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// How long each wait may take.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::duration)]
    within: Duration,
    /// Prove the topology that the scenario describes, and not the present one.
    #[arg(long)]
    as_planned: bool,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl VerifyCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let lab = self.lab.enter().await?;
        let (within, cancel) = (self.within, &context.cancel);
        let undone = verify::undo_killed(&lab, within, cancel).await?;
        for what in &undone {
            say(what);
        }
        let lab = if undone.is_empty() {
            lab
        } else {
            self.lab.find().await?
        };
        let verdict = if self.as_planned {
            verify::verify(&lab, BTreeMap::new(), within, cancel).await?
        } else {
            verify::verify_present(&lab, within, cancel).await?
        };
        match self.output {
            Output::Json => output::json(&verdict)?,
            Output::Table => output::print_results(&table::verdict(&verdict, output::width()))?,
        }
        Ok(if verdict.passed {
            Exit::Done
        } else {
            Exit::CheckFailed
        })
    }
}
