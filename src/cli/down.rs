//! `lab down`: labs taken away, whatever state they are in.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use replication_lab::cluster::{ClusterError, cleanup, running};
use replication_lab::engine::docker::Docker;
use replication_lab::exit::Exit;
use replication_lab::name::LabName;

use super::Context;
use super::gc::report;
use super::output::{self, Output, say};

/// Takes labs away, whatever state they are in: containers, networks and volumes, with all data.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lab down physical-sync\n  lab down --all")]
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
        let docker = Docker::connect().await?;
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
        for name in names {
            let gone = cleanup::remove_any(&docker, name.as_str())
                .await
                .map_err(ClusterError::from)?;
            if gone.is_empty() && !self.all {
                let running = running(&docker).await?;
                return Err(ClusterError::NotFound {
                    lab: name.to_string(),
                    running,
                }
                .into());
            }
            removed.insert(name.to_string(), gone);
        }
        match self.output {
            Output::Json => output::json(&removed)?,
            Output::Table if !context.quiet => report(&removed),
            Output::Table => {}
        }
        Ok(Exit::Done)
    }
}
