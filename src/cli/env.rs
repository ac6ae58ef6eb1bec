//! `lab env`: prints connection settings for shells and programs.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::lab::Lab;
use replication_lab::report::up::{NodeReport, ServiceReport, nodes, services};
use replication_lab::server::SUPERUSER;

use super::arguments::{LabArgument, current_primary, named};
use super::output::{self, Output};

const AFTER_HELP: &str = "\
Examples:
  eval \"$(lab env physical-sync)\" && psql        the primary, by PGHOST, PGPORT, …
  eval \"$(lab env physical-sync)\" && psql $LAB_REPLICA_DSN
  lab env physical-sync replica --output json
  eval \"$(lab env tutorial-pgadmin)\" && xdg-open $LAB_PGADMIN_URL";

/// Print connection settings of a lab for shells and programs.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct EnvCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// The node that PGHOST and PGPORT point to. Default: the current primary.
    node: Option<String>,
    /// The output format: `table` prints shell assignments.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl EnvCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let lab = self.lab.enter().await?;
        let (present, topology) = lab.present().await;
        let nodes = nodes(&present);
        match (self.output, &self.node) {
            (Output::Json, Some(node)) => {
                lab.container(node)?;
                output::json(&nodes.iter().find(|found| found.name == *node))?;
            }
            (Output::Json, None) => output::json(&nodes)?,
            (Output::Table, node) => {
                let chosen = match node {
                    Some(node) => named(&lab, node)?,
                    None => current_primary(&lab, &topology)?,
                };
                let text = assignments(&nodes, &services(&lab), &chosen);
                output::print(&(passfile(&lab) + &text))?;
            }
        }
        Ok(Exit::Done)
    }
}

/// The password file, quoted for a shell: its folder may have any name.
fn passfile(lab: &Lab) -> String {
    let file = lab.passfile().map(|file| file.display().to_string());
    file.map_or_else(String::new, |file| {
        format!("export PGPASSFILE='{}'\n", file.replace('\'', "'\\''"))
    })
}

/// Shell assignments. Names, ports and connection strings contain no characters that need quoting.
fn assignments(nodes: &[NodeReport], services: &[ServiceReport], chosen: &str) -> String {
    let mut text = String::new();
    if let Some(NodeReport {
        port: Some(port),
        host,
        database,
        ..
    }) = nodes.iter().find(|node| node.name == chosen)
    {
        _ = writeln!(
            text,
            "export PGHOST={host} PGPORT={port} PGUSER={SUPERUSER} PGDATABASE={database}"
        );
    }
    for node in nodes {
        if let Some(dsn) = &node.dsn {
            _ = writeln!(text, "export LAB_{}_DSN={dsn}", node.name.to_uppercase());
        }
    }
    for service in services {
        if let Some(url) = &service.url {
            _ = writeln!(text, "export LAB_{}_URL={url}", service.name.to_uppercase());
        }
    }
    text
}
