//! `lab gc`: what crashed processes left behind.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::cleanup::{self, Reach, Removed};

use super::Context;
use super::output::{self, Output, say};

/// Removes what crashed processes left behind, also the lab of a `lab run` that was killed, unless it was to be kept. Labs
/// that are up stay, and so do those that are being made.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab gc          labs whose `lab up` or `lab run` was killed\n  lab gc --all    those, and templates and images that lab made"
)]
pub(super) struct Gc {
    /// Templates of data directories and images that lab built, too.
    #[arg(long)]
    all: bool,
    /// How what was removed is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl Gc {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let reach = if self.all {
            Reach::Everything
        } else {
            Reach::Leftovers
        };
        let removed = cleanup::gc(&Engine::connect().await?, reach).await?;
        match self.output {
            Output::Json => output::json(&removed)?,
            Output::Table if context.quiet => {}
            Output::Table if removed.is_empty() => say("nothing is left over"),
            Output::Table => report(&removed),
        }
        Ok(Exit::Done)
    }
}

/// Says what was removed.
pub(super) fn report(removed: &BTreeMap<String, Removed>) {
    for (name, gone) in removed {
        let count = |things: &[String], what: &str| match things.len() {
            0 => None,
            1 => Some(format!("1 {what}")),
            many => Some(format!("{many} {what}s")),
        };
        let parts = [
            count(&gone.containers, "container"),
            count(&gone.networks, "network"),
            count(&gone.volumes, "volume"),
            count(&gone.images, "image"),
        ];
        say(&format!(
            "{name} removed: {}",
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
        ));
    }
}
