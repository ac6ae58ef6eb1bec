//! `lab schema`: what editors need to help with scenario files.

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::report::steps;
use replication_lab::scenario::schema;

use super::output;

/// The JSON Schema of scenario files, and the page about steps.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab schema > lab.schema.json\n  lab schema --steps | less                what a step may be\n  # then, as a scenario's first line:\n  # yaml-language-server: $schema=lab.schema.json"
)]
pub(super) struct Schema {
    /// The page about steps instead: each action and check with its keys and an example, in Markdown.
    #[arg(long)]
    steps: bool,
}

impl Schema {
    pub(super) fn run(self) -> Result<Exit> {
        let text = if self.steps {
            steps::page()
        } else {
            schema::schema()
        };
        output::print(&text)?;
        Ok(Exit::Done)
    }
}
