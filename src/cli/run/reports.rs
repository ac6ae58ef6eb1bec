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
        let text = text(report.format, runs, took)?;
        match &report.file {
            None => _ = output::print_raw(&text)?,
            Some(file) => std::fs::write(file, text)
                .with_context(|| format!("writing the report `{}`", file.display()))?,
        }
    }
    Ok(())
}

/// A report as it may be shown, whatever its destination. JSON is masked value by value, so that its keys stay.
fn text(format: Format, runs: &[RunReport], took: Duration) -> Result<String> {
    Ok(match (format, runs) {
        (Format::Junit, _) => output::shown(&junit(runs, took)?),
        (Format::Tap, _) => output::shown(&tap(runs)),
        (Format::Json, [run]) => output::document(run)?,
        (Format::Json, _) => output::document(&runs)?,
    })
}

#[cfg(test)]
mod tests {
    use replication_lab::name::LabName;
    use replication_lab::report::run::About;
    use replication_lab::run::experiment::Ran;
    use replication_lab::run::{self as walk, Walked};
    use replication_lab::verify::{Check, Verdict};

    use super::*;
    use crate::cli::secrets;

    /// A run whose proof quotes a password.
    fn run(password: &str) -> RunReport {
        let lab = LabName::new("reported").expect("a name");
        let check = Check {
            name: "primary: is a primary".to_owned(),
            passed: false,
            took_ms: 1.0,
            detail: format!("refused with {password}"),
            hint: None,
        };
        let walked = Walked {
            passed: true,
            steps: Vec::new(),
            logs: Vec::new(),
            state: None,
            captured: walk::Captured::new(),
        };
        let ran = Ran {
            lab: lab.clone(),
            passed: false,
            skipped: None,
            kept: false,
            verdict: Some(Verdict::new(vec![check])),
            walked,
            up_took: Duration::ZERO,
            took: Duration::ZERO,
        };
        let about = About {
            lab: &lab,
            scenario: "reported",
            file: "reported.yaml",
            steps: &[],
            line: &|_| None,
        };
        RunReport::new(ran, &about)
    }

    #[test]
    fn no_report_has_a_password_and_json_keeps_its_keys() {
        let password = "it's <mine> & \"yours\" 77";
        secrets::keep_value(password);
        secrets::keep_value("verification");
        let runs = [run(password)];
        for format in [Format::Junit, Format::Tap, Format::Json] {
            let text = text(format, &runs, Duration::ZERO).expect("a report");
            assert!(text.contains("refused with …"), "{format:?}: {text}");
            assert!(!text.contains("mine"), "{format:?}: {text}");
        }
        let json = text(Format::Json, &runs, Duration::ZERO).expect("a report");
        assert!(json.contains("\"verification\": {"), "{json}");
    }
}
