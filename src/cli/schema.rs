//! `lab schema`: what editors need to help with scenario files.

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::scenario::schema;

use super::output;

/// The JSON Schema of scenario files.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lab schema > lab.schema.json\n  # then, as a scenario's first line:\n  # yaml-language-server: $schema=lab.schema.json"
)]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run() -> Result<Exit> {
        output::print(&schema::schema())?;
        Ok(Exit::Done)
    }
}
