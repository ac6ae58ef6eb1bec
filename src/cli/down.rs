//! `lab down`: removes labs in any state.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::Args;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::failure::Explain as _;
use replication_lab::lab::{LabError, cleanup, running};
use replication_lab::name::LabName;

use super::Context;
use super::gc::{all_went, document, report};
use super::output::{self, Output, say};

/// Remove labs, in any state, with all their data.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab down physical-sync\n  lab down --all\n\nA lab that does not exist is no failure."
)]
pub(super) struct DownCommand {
    /// The names of the labs. Default on a terminal: the only lab that exists.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<LabName>,
    /// Remove every lab.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl DownCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let docker = Engine::connect().await?;
        let names = if self.all {
            running(&docker)
                .await?
                .into_iter()
                .filter_map(|name| LabName::new(name).ok())
                .collect()
        } else {
            self.names
        };
        if names.is_empty() && !context.quiet {
            say("no lab exists");
        }
        let mut removed = BTreeMap::new();
        let mut failed = BTreeMap::new();
        // A failure does not keep the others from being removed. The set drops names that were given twice.
        for name in names.into_iter().collect::<BTreeSet<LabName>>() {
            match cleanup::remove_any(&docker, name.as_str()).await {
                // Whoever removes twice has what was wanted. A name that was mistyped is told from it by what is said.
                Ok(gone) if gone.is_empty() && !self.all => missing(&docker, &name).await,
                Ok(gone) => _ = removed.insert(name.to_string(), gone),
                Err(error) => _ = failed.insert(name.to_string(), error),
            }
        }
        match self.output {
            Output::Json => output::json(&document(&removed, &failed))?,
            Output::Table if !context.quiet => report(&removed),
            Output::Table => {}
        }
        all_went(failed)
    }
}

/// Says that there is no such lab, and which there are.
async fn missing(docker: &Engine, name: &LabName) {
    let running = running(docker).await.unwrap_or_default();
    let lab = name.to_string();
    let missing = LabError::NotFound { lab, running };
    let hint = missing.hint().unwrap_or_default();
    say(&format!("{missing}, so nothing was removed; {hint}"));
}
