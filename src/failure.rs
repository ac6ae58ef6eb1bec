//! A failure as it is reported: the act, the reason, the evidence, the hint.
//!
//! Owns the one shape in which an error of the engine, a server or `lab` itself reaches a table, a report or the terminal.
//! Typed errors stay what a caller decides by: [`Explain`] says what they know, and `?` turns them into a [`Failure`].
//! Never decides what failed, and never prints.

use std::error::Error;
use std::fmt;

use serde::Serialize;

use crate::exit::Exit;

/// The knowledge of a typed error besides its causes.
pub trait Explain: Error {
    /// The hint: a sentence that names a command or a key.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The evidence, such as the end of a node's log.
    fn evidence(&self) -> Option<String> {
        None
    }

    /// How the program ends with it.
    fn exit(&self) -> Exit {
        Exit::Environment
    }
}

/// A failure with everything that is known about it.
///
/// ```
/// use replication_lab::Failure;
///
/// let failure = Failure::seen("no pg_hba.conf entry")
///     .while_doing("taking a base backup of `primary` for `replica`")
///     .with_hint("`lab plan` prints the lines of every `pg_hba.conf`");
/// assert!(failure.to_string().ends_with("`replica`: no pg_hba.conf entry"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The act in -ing if it is known, else the observation.
    pub message: String,
    /// The causes, from the nearest to the last.
    pub because: Vec<String>,
    /// The evidence, such as the end of a node's log.
    pub evidence: Option<String>,
    /// The hint.
    pub hint: Option<String>,
    /// How the program ends with it.
    #[serde(skip)]
    pub exit: Exit,
}

impl Failure {
    /// A failure of which nothing is known but what was seen.
    pub fn seen(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            because: Vec::new(),
            evidence: None,
            hint: None,
            exit: Exit::Environment,
        }
    }

    /// The message and the causes of an error that explains nothing.
    #[must_use]
    pub fn of(error: &dyn Error) -> Self {
        let mut words = causes(error);
        Self {
            message: words.remove(0),
            because: words,
            ..Self::seen("")
        }
    }

    /// The message and the causes of an error, and what it knows besides.
    #[must_use]
    pub fn explained(error: &impl Explain) -> Self {
        Self {
            evidence: error.evidence(),
            hint: error.hint(),
            exit: error.exit(),
            ..Self::of(error)
        }
    }

    /// The same failure with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure of a wider act, which is named in -ing.
    #[must_use]
    pub fn while_doing(mut self, act: impl Into<String>) -> Self {
        let narrower = std::mem::replace(&mut self.message, act.into());
        self.because.insert(0, narrower);
        self
    }

    /// The same failure with something more that was seen, at the end of its causes.
    #[must_use]
    pub fn and_seen(mut self, more: impl fmt::Display) -> Self {
        let last = self.because.last_mut().unwrap_or(&mut self.message);
        *last = format!("{last}; {more}");
        self
    }

    /// The same failure with something more that was seen, on a line of its own.
    #[must_use]
    pub fn and_line(mut self, line: &str) -> Self {
        let last = self.because.last_mut().unwrap_or(&mut self.message);
        *last = format!("{last}\n{line}");
        self
    }

    /// Whether one of its lines contains a text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.to_string().contains(text)
    }
}

/// The act and its causes in one line, without evidence and hint.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.because {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl Error for Failure {}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::explained(&error)
    }
}

/// A bare observation.
impl From<String> for Failure {
    fn from(seen: String) -> Self {
        Self::seen(seen)
    }
}

/// The messages of an error and of its causes. A transparent error says what it wraps, and that is said once.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut words = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if words.last().is_none_or(|last| *last != text) {
            words.push(text);
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("taking a base backup of `{0}`")]
    struct Outer(&'static str, #[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Inner(#[from] std::num::ParseIntError);

    impl Explain for Outer {
        fn hint(&self) -> Option<String> {
            Some("`lab doctor` looks closer".to_owned())
        }
    }

    fn failure() -> Failure {
        let cause = "x".parse::<u8>().expect_err("no number");
        Outer("primary", Inner(cause)).into()
    }

    #[test]
    fn every_cause_is_said_once() {
        let failure = failure();
        assert_eq!(failure.message, "taking a base backup of `primary`");
        assert_eq!(failure.because, ["invalid digit found in string"]);
        assert_eq!(failure.hint.as_deref(), Some("`lab doctor` looks closer"));
        assert_eq!(
            failure.to_string(),
            "taking a base backup of `primary`: invalid digit found in string"
        );
    }

    #[test]
    fn a_wider_act_comes_first_and_the_hint_stays() {
        let failure = failure().while_doing("starting `replica`");
        assert_eq!(failure.message, "starting `replica`");
        assert_eq!(failure.because.len(), 2);
        assert!(failure.hint.is_some());
        let failure = Failure::seen("nothing").and_seen("the log is empty");
        assert_eq!(failure.to_string(), "nothing; the log is empty");
    }
}
