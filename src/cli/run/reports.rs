//! `--report`: which reports are asked for, and where they go.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use replication_lab::report::junit::junit;
use replication_lab::report::run::RunReport;
use replication_lab::report::tap::tap;

use crate::cli::failure::Misuse;
use crate::cli::output::{self, Output};

/// A report's format and destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReportTo {
    format: Format,
    /// `None` is standard output.
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Junit,
    Tap,
    Json,
}

/// Why an argument of `--report` is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    /// It is not `FORMAT=FILE`.
    #[error("expected FORMAT=FILE, such as `junit=run.xml` or `junit=-`")]
    Shape,
    /// The format does not exist.
    #[error("unknown format `{0}`; known are `junit`, `tap` and `json`")]
    Format(String),
}

impl ReportTo {
    pub(super) fn is_stdout(&self) -> bool {
        self.file.is_none()
    }
}

impl std::str::FromStr for ReportTo {
    type Err = ReportError;

    fn from_str(given: &str) -> Result<Self, ReportError> {
        let (format, file) = given
            .split_once('=')
            .filter(|(_, file)| !file.is_empty())
            .ok_or(ReportError::Shape)?;
        let format = match format {
            "junit" => Format::Junit,
            "tap" => Format::Tap,
            "json" => Format::Json,
            _ => return Err(ReportError::Format(format.to_owned())),
        };
        let file = Some(PathBuf::from(file)).filter(|file| file != Path::new("-"));
        Ok(Self { format, file })
    }
}

/// Checks that every report can be written, before the first lab starts: a run is too long to fail at its end.
pub(super) fn check(reports: &[ReportTo], output: Output) -> Result<()> {
    let on_stdout = reports.iter().filter(|report| report.is_stdout()).count();
    let taken = on_stdout + usize::from(output == Output::Json);
    if on_stdout > 0 && taken > 1 {
        return Err(Misuse {
            message: "only one document can go to standard output".to_owned(),
            hint: Some("give all but one a file: `--report junit=run.xml`".to_owned()),
        }
        .into());
    }
    let mut files = BTreeSet::new();
    for file in reports.iter().filter_map(|report| report.file.as_ref()) {
        if !files.insert(file) {
            return Err(Misuse {
                message: format!("two reports would be written to `{}`", file.display()),
                hint: Some("give each report its own file".to_owned()),
            }
            .into());
        }
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let is_folder = folder.is_none_or(Path::is_dir);
        if !is_folder || file.is_dir() {
            let what = if is_folder {
                "is a directory"
            } else {
                "is in a directory that does not exist"
            };
            return Err(Misuse {
                message: format!("the report `{}` {what}", file.display()),
                hint: Some("name a file in an existing directory".to_owned()),
            }
            .into());
        }
    }
    Ok(())
}

/// Writes the reports.
pub(super) fn write(reports: &[ReportTo], runs: &[RunReport], took: Duration) -> Result<()> {
    for report in reports {
        let text = match (report.format, runs) {
            (Format::Junit, _) => output::shown(&junit(runs, took)?),
            (Format::Tap, _) => output::shown(&tap(runs)),
            (Format::Json, [run]) => output::document(run)?,
            (Format::Json, _) => output::document(&runs)?,
        };
        match &report.file {
            // It was made fit to be printed above, whatever its destination.
            None => _ = output::print_raw(&text)?,
            Some(file) => std::fs::write(file, text)
                .with_context(|| format!("writing the report `{}`", file.display()))?,
        }
    }
    Ok(())
}
