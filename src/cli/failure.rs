//! Shows errors to people: the whole chain once, then the evidence, then what to do.

use std::error::Error;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use replication_lab::engine::EngineError;
use replication_lab::exit::Exit;
use replication_lab::failure::{Explain, Failure};
use replication_lab::image::ImageError;
use replication_lab::lab::LabError;
use replication_lab::report::run::RunFailure;
use replication_lab::scenario::catalog::OpenError;
use replication_lab::scenario::diagnostic::{Diagnostic, Diagnostics};
use replication_lab::text::foreign::visible;
use serde::Serialize;

use super::output::{self, say, say_coloured};
use super::secrets;

/// Wrong usage of a verb that clap cannot detect.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Misuse {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Explain for Misuse {
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Whether standard error gets colours.
pub(crate) fn colours() -> bool {
    output::are_coloured(std::io::stderr().is_terminal())
}

/// Shows an error, for programs also as JSON, and returns its exit code.
pub(crate) fn end(error: &anyhow::Error, json: bool) -> ExitCode {
    if json {
        document(error);
    }
    show(error)
}

/// An error as a document.
#[derive(Serialize)]
struct ErrorReport {
    error: Failure,
    /// What is wrong with a scenario, each with its place.
    errors: Vec<Diagnostic>,
    exit: u8,
}

/// Prints an error as JSON, unless a document was printed before it.
pub(crate) fn document(error: &anyhow::Error) {
    let failure = failure(error);
    let exit = failure.exit as u8;
    let (exit, errors) = match diagnostics(error) {
        Some(found) => (Exit::Usage as u8, found.iter().cloned().collect()),
        None => (exit, Vec::new()),
    };
    let report = ErrorReport {
        error: failure,
        errors,
        exit,
    };
    // Standard error says it, too.
    let _ = output::json_alone(&report);
}

/// Shows an error and returns its exit code.
pub(crate) fn show(error: &anyhow::Error) -> ExitCode {
    if let Some(diagnostics) = diagnostics(error) {
        say_coloured(diagnostics.render(colours()).trim_end());
        return Exit::Usage.into();
    }
    let failure = failure(error);
    if failure.exit == Exit::Interrupted {
        say("interrupted; nothing is left behind");
        return failure.exit.into();
    }
    let [red, cyan, plain] = if colours() {
        ["\x1b[1;31m", "\x1b[1;36m", "\x1b[0m"]
    } else {
        [""; 3]
    };
    let indented = |text: &str| visible(text).replace('\n', "\n         ");
    say_coloured(&format!(
        "{red}error:{plain} {}",
        indented(&failure.message)
    ));
    for cause in &failure.because {
        say(&format!("  because {}", indented(cause)));
    }
    if let Some(evidence) = &failure.evidence {
        say(evidence.trim_end());
    }
    if let Some(hint) = &failure.hint {
        let hint = visible(hint);
        say_coloured(&format!("{cyan}hint:{plain} {hint}"));
    }
    failure.exit.into()
}

/// An error as values for a report. `during` says what was being done.
pub(crate) fn trouble(error: &anyhow::Error, during: &'static str) -> RunFailure {
    let failure = failure(error);
    RunFailure {
        during: match failure.exit {
            Exit::Interrupted => "interrupted",
            _ => during,
        },
        line: None,
        failure,
    }
}

/// Everything that is known about an error: its chain, and what the errors of the chain that explain themselves say.
pub(crate) fn failure(error: &anyhow::Error) -> Failure {
    let told = match error.downcast_ref::<Failure>() {
        Some(failure) => failure.clone(),
        None => Failure::of(error.as_ref()),
    };
    let explained: Vec<Failure> = error.chain().filter_map(explained).collect();
    let mut hints = explained.iter().map(|failure| &failure.hint);
    let mut evidence = explained.iter().map(|failure| &failure.evidence);
    let hint = told.hint.or_else(|| hints.find_map(Clone::clone));
    let evidence = told.evidence.or_else(|| evidence.find_map(Clone::clone));
    let masked = |text: String| secrets::masked(&text).into_owned();
    Failure {
        exit: explained.first().map_or(told.exit, |failure| failure.exit),
        hint: hint.map(masked),
        evidence: evidence.map(masked),
        message: masked(told.message),
        because: told.because.into_iter().map(masked).collect(),
    }
}

/// What a cause says of itself, where it is one that does.
fn explained(cause: &(dyn Error + 'static)) -> Option<Failure> {
    fn of<T: Explain + 'static>(cause: &(dyn Error + 'static)) -> Option<Failure> {
        cause.downcast_ref::<T>().map(Failure::explained)
    }
    of::<Misuse>(cause)
        .or_else(|| of::<LabError>(cause))
        .or_else(|| of::<ImageError>(cause))
        .or_else(|| of::<EngineError>(cause))
        .or_else(|| of::<OpenError>(cause))
}

fn diagnostics(error: &anyhow::Error) -> Option<&Diagnostics> {
    error.chain().find_map(|cause| {
        let boxed = cause.downcast_ref::<Box<Diagnostics>>().map(AsRef::as_ref);
        cause.downcast_ref::<Diagnostics>().or(boxed)
    })
}
