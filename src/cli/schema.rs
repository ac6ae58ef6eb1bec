//! `lab schema`: prints the schema of scenario files for editors, and the reference of steps.

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::report::steps;
use replication_lab::scenario::schema;

use super::output;

/// Print the JSON Schema of scenarios, or the reference of steps.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab schema > lab.schema.json\n  lab schema --steps | less                all actions and checks\n  # Editors read the schema with this first line of a scenario:\n  # yaml-language-server: $schema=lab.schema.json"
)]
pub(super) struct SchemaCommand {
    /// Print the reference of steps in Markdown: each action and check with its keys and an example.
    #[arg(long)]
    steps: bool,
}

impl SchemaCommand {
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
