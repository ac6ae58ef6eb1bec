//! Errors as people see them: the whole chain once, then the evidence, then what to do.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use replication_lab::engine::EngineError;
use replication_lab::exit::Exit;
use replication_lab::image::ImageError;
use replication_lab::lab::LabError;
use replication_lab::report::run::Trouble;
use replication_lab::scenario::catalog::OpenError;
use replication_lab::scenario::diagnostic::Diagnostics;

use super::output::say;

/// A wrong use of a verb that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Misuse {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Something that a node or the kernel refused, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refused {
    message: String,
    hint: Option<String>,
}

impl Refused {
    /// What was seen when a step failed: what to do is its last line, if anything is known.
    pub(crate) fn seen(seen: &str) -> Self {
        let (message, hint) = match seen.split_once("\nhint: ") {
            Some((message, hint)) => (message, Some(hint.to_owned())),
            None => (seen, None),
        };
        let message = message.to_owned();
        Self { message, hint }
    }
}

/// Whether colours go to standard error.
pub(crate) fn colours() -> bool {
    std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Shows an error and says how to exit.
pub(crate) fn show(error: &anyhow::Error) -> ExitCode {
    if let Some(diagnostics) = diagnostics(error) {
        say(diagnostics.render(colours()).trim_end());
        return Exit::Usage.into();
    }
    let exit = exit_code(error);
    if exit == Exit::Interrupted {
        say("interrupted; nothing is left");
        return exit.into();
    }
    let bold = if colours() {
        ("\x1b[1;31m", "\x1b[0m")
    } else {
        ("", "")
    };
    let mut last = String::new();
    for (depth, cause) in error.chain().enumerate() {
        let text = cause.to_string();
        // A transparent error says what it wraps, and the chain says that again.
        if text == last {
            continue;
        }
        let text = text.replace('\n', "\n         ");
        if depth == 0 {
            say(&format!("{}error:{} {text}", bold.0, bold.1));
        } else {
            say(&format!("  because {text}"));
        }
        last = cause.to_string();
    }
    if let Some(evidence) = find::<LabError>(error).and_then(LabError::evidence) {
        say(evidence.trim_end());
    }
    if let Some(hint) = hint(error) {
        let bold = if colours() {
            ("\x1b[1;36m", "\x1b[0m")
        } else {
            ("", "")
        };
        say(&format!("{}hint:{} {hint}", bold.0, bold.1));
    }
    exit.into()
}

/// The same as values, for a report. `during` is what was being done.
pub(crate) fn trouble(error: &anyhow::Error, during: &'static str) -> Trouble {
    let mut words: Vec<String> = error.chain().map(ToString::to_string).collect();
    words.dedup();
    let message = words.remove(0);
    let evidence = find::<LabError>(error).and_then(LabError::evidence);
    Trouble {
        during: match exit_code(error) {
            Exit::Interrupted => "interrupted",
            _ => during,
        },
        message,
        because: words,
        line: None,
        evidence,
        hint: hint(error),
    }
}

fn find<T: std::error::Error + Send + Sync + 'static>(error: &anyhow::Error) -> Option<&T> {
    error.chain().find_map(|cause| cause.downcast_ref::<T>())
}

fn diagnostics(error: &anyhow::Error) -> Option<&Diagnostics> {
    let boxed = || {
        error
            .chain()
            .find_map(|cause| cause.downcast_ref::<Box<Diagnostics>>())
            .map(AsRef::as_ref)
    };
    find::<Diagnostics>(error).or_else(boxed)
}

fn hint(error: &anyhow::Error) -> Option<String> {
    let misuse = || find::<Misuse>(error).and_then(|error| error.hint.clone());
    let refused = || find::<Refused>(error).and_then(|error| error.hint.clone());
    let lab = || find::<LabError>(error).and_then(LabError::hint);
    let image = || find::<ImageError>(error).and_then(ImageError::hint);
    let engine = || {
        find::<EngineError>(error)
            .and_then(EngineError::hint)
            .map(str::to_owned)
    };
    let open = || {
        find::<OpenError>(error)
            .and_then(OpenError::help)
            .map(str::to_owned)
    };
    misuse()
        .or_else(refused)
        .or_else(lab)
        .or_else(image)
        .or_else(engine)
        .or_else(open)
}

pub(crate) fn exit_code(error: &anyhow::Error) -> Exit {
    if let Some(error) = find::<LabError>(error) {
        return match error {
            error if error.is_interrupt() => Exit::Interrupted,
            LabError::NotFound { .. } | LabError::NoNode { .. } | LabError::Dataset(_) => {
                Exit::Usage
            }
            _ => Exit::Environment,
        };
    }
    match find::<ImageError>(error) {
        Some(ImageError::Interrupted) => return Exit::Interrupted,
        Some(_) => return Exit::Environment,
        None => {}
    }
    let usage = find::<OpenError>(error).is_some() || find::<Misuse>(error).is_some();
    if usage {
        Exit::Usage
    } else {
        Exit::Environment
    }
}
