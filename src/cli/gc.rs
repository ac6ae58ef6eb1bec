//! `lab gc`: removes what crashed processes left behind.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use replication_lab::Failure;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::LabError;
use replication_lab::lab::cleanup::{self, Collected, GcScope, Removed};
use serde::Serialize;

use super::Context;
use super::failure;
use super::output::{self, Output, say};

/// Remove what killed or crashed processes left behind.
///
/// The lab of a killed `lab run` without `--keep` is part of it.
/// Labs that are up stay, and so do labs that are being started.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab gc          remove labs whose `lab up` or `lab run` was killed\n  lab gc --all    also templates of data directories and images that lab built"
)]
pub(super) struct GcCommand {
    /// Also remove templates of data directories and images that `lab` built.
    #[arg(long)]
    all: bool,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl GcCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let reach = if self.all {
            GcScope::Everything
        } else {
            GcScope::Leftovers
        };
        let Collected { removed, failed } = cleanup::gc(&Engine::connect().await?, reach).await?;
        match self.output {
            Output::Json => output::json(&document(&removed, &failed))?,
            Output::Table if context.quiet => {}
            Output::Table if removed.is_empty() && failed.is_empty() => say("nothing to remove"),
            Output::Table => report(&removed),
        }
        all_went(failed)
    }
}

/// What became of a lab.
#[derive(Debug, Serialize)]
pub(super) struct Outcome<'a> {
    #[serde(flatten)]
    removed: Option<&'a Removed>,
    /// Why it could not be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// What became of each lab, by its name.
pub(super) fn document<'a>(
    removed: &'a BTreeMap<String, Removed>,
    failed: &'a BTreeMap<String, LabError>,
) -> BTreeMap<&'a str, Outcome<'a>> {
    let removed = removed.iter().map(|(name, gone)| {
        let (removed, error) = (Some(gone), None);
        (name.as_str(), Outcome { removed, error })
    });
    let failed = failed.iter().map(|(name, error)| {
        let (removed, error) = (None, Some(Failure::explained(error)));
        (name.as_str(), Outcome { removed, error })
    });
    removed.chain(failed).collect()
}

/// Shows all failures but the last one, which is how the verb ends.
pub(super) fn all_went(mut failed: BTreeMap<String, LabError>) -> Result<Exit> {
    let Some((_, last)) = failed.pop_last() else {
        return Ok(Exit::Done);
    };
    for error in failed.into_values() {
        failure::show(&error.into());
    }
    Err(last.into())
}

/// Prints what was removed.
pub(super) fn report(removed: &BTreeMap<String, Removed>) {
    for line in removed.iter().filter_map(|(name, gone)| line(name, gone)) {
        say(&line);
    }
}

/// What was removed of a lab, if anything was.
fn line(name: &str, gone: &Removed) -> Option<String> {
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
        count(&gone.passfiles, "password file"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{name} removed: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_nothing() {
        let mut gone = Removed::default();
        assert_eq!(line("a", &gone), None);
        gone.volumes = vec!["lab-a".to_owned(), "lab-a-p".to_owned()];
        gone.passfiles = vec!["a.pgpass".to_owned()];
        let told = "a removed: 2 volumes, 1 password file";
        assert_eq!(line("a", &gone).as_deref(), Some(told));
    }
}
