//! `lab check`: reports every error in scenario files.

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::scenario::catalog::{self, OpenError};
use replication_lab::scenario::diagnostic::{Diagnostic, Diagnostics};
use replication_lab::scenario::load::{Overrides, load};
use serde::Serialize;

use super::failure;
use super::output::{self, Output, say_coloured};

/// Report every error in scenario files. Needs no Docker.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lab check my-lab.yaml\n  lab check labs/*.yaml --output json")]
pub(super) struct CheckCommand {
    /// Scenario files, or labs of the catalogue. `-` is standard input.
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<String>,
    /// Read SQL files that the scenarios name outside their folders.
    #[arg(long)]
    allow_outside: bool,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Checked {
    file: String,
    passed: bool,
    errors: Vec<Diagnostic>,
    /// Why the file could not be read.
    unread: Option<String>,
}

impl CheckCommand {
    pub(super) fn run(self) -> Result<Exit> {
        let mut checked = Vec::new();
        for file in &self.files {
            let (mut errors, mut unread) = (Vec::new(), None);
            match diagnose(file, self.allow_outside) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    if self.output == Output::Table {
                        say_coloured(found.render(failure::colours()).trim_end());
                    }
                    errors = found.iter().cloned().collect();
                }
                // Go on with the other files.
                Err(error) => {
                    if self.output == Output::Table {
                        failure::show(&error);
                    }
                    unread = Some(format!("{error:#}"));
                }
            }
            checked.push(Checked {
                file: file.clone(),
                passed: errors.is_empty() && unread.is_none(),
                errors,
                unread,
            });
        }
        match self.output {
            Output::Json => output::json(&checked)?,
            Output::Table => {
                let line = |file: &Checked| match file.errors.len() {
                    _ if file.unread.is_some() => format!("{}: not read\n", file.file),
                    0 => format!("{}: ok\n", file.file),
                    1 => format!("{}: 1 error\n", file.file),
                    count => format!("{}: {count} errors\n", file.file),
                };
                output::print(&checked.iter().map(line).collect::<String>())?;
            }
        }
        Ok(if checked.iter().all(|file| file.passed) {
            Exit::Done
        } else {
            Exit::Usage
        })
    }
}

/// The errors of a file, if it has any.
fn diagnose(file: &str, allow_outside: bool) -> Result<Option<Box<Diagnostics>>> {
    let source = match catalog::open(file) {
        Ok(source) => source,
        Err(OpenError::NotText { source, .. }) => return Ok(Some(source)),
        // A file's name may look like the name of a lab.
        Err(OpenError::NoSuchLab { .. }) if std::path::Path::new(file).is_file() => {
            catalog::open(&format!("./{file}"))?
        }
        Err(error) => return Err(error.into()),
    };
    let overrides = Overrides {
        allow_outside,
        ..Overrides::default()
    };
    Ok(load(&source, &overrides).err())
}
