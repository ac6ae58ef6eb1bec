//! `lab down`: labs taken away, whatever state they are in.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::Args;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::{LabError, cleanup, running};
use replication_lab::name::LabName;

use super::Context;
use super::failure;
use super::gc::report;
use super::output::{self, Output, say};

/// Takes labs away, whatever state they are in: containers, networks and volumes, with all data.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab down physical-sync\n  lab down --all\n\nOf several names, those that exist are removed, and the others are an error."
)]
pub(super) struct Down {
    /// The labs' names.
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<LabName>,
    /// Every lab there is.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// How what was removed is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl Down {
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
        let mut failed: Vec<anyhow::Error> = Vec::new();
        // One that is not there, or cannot be removed, keeps no other one; and who is named twice is there once.
        for name in names.into_iter().collect::<BTreeSet<LabName>>() {
            match cleanup::remove_any(&docker, name.as_str()).await {
                Ok(gone) if gone.is_empty() && !self.all => {
                    let running = running(&docker).await?;
                    let lab = name.to_string();
                    failed.push(LabError::NotFound { lab, running }.into());
                }
                Ok(gone) => _ = removed.insert(name.to_string(), gone),
                Err(error) => failed.push(LabError::from(error).into()),
            }
        }
        match self.output {
            Output::Json => output::json(&removed)?,
            Output::Table if !context.quiet => report(&removed),
            Output::Table => {}
        }
        let Some(last) = failed.pop() else {
            return Ok(Exit::Done);
        };
        for error in &failed {
            failure::show(error);
        }
        Err(last)
    }
}
