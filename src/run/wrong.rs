//! Why a step failed.

use crate::engine::EngineError;
use crate::failure::{Explain as _, Failure};
use crate::lab::LabError;
use crate::server::server_error::ServerError;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    /// The expectation was not met.
    #[error("{found}")]
    Unmet {
        /// The expectation.
        expected: String,
        /// The observation.
        found: String,
    },
    /// The step could not be carried out.
    #[error(transparent)]
    Failed(Failure),
    /// A server, or the way to it, answered with an error.
    #[error("{why}")]
    Refused {
        /// The error.
        error: ServerError,
        /// The same, with what was being done.
        why: Failure,
    },
    /// The step could not be carried out because its node is not running.
    #[error(transparent)]
    Down(Failure),
    /// The step could not be carried out because its node is frozen.
    #[error(transparent)]
    Frozen(Failure),
    /// Ctrl-c was pressed.
    #[error("interrupted")]
    Interrupted,
}

impl Wrong {
    /// The step could not be carried out, for this reason.
    pub(super) fn failed(seen: impl Into<String>) -> Self {
        Self::Failed(Failure::seen(seen))
    }

    /// A server, or the way to it, answered with an error while something was done.
    pub(super) fn refused(error: ServerError, act: &str) -> Self {
        let why = Failure::from(error.clone()).while_doing(act);
        Self::Refused { error, why }
    }

    /// The step could not be carried out because its node is not running.
    pub(super) fn down(seen: impl Into<String>) -> Self {
        Self::Down(Failure::seen(seen))
    }

    /// The step could not be carried out because its node is frozen.
    pub(super) fn frozen(seen: impl Into<String>) -> Self {
        Self::Frozen(Failure::seen(seen))
    }

    /// The failure, unless an expectation was not met or the run was interrupted.
    pub(super) fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(why) | Self::Refused { why, .. } | Self::Down(why) | Self::Frozen(why) => {
                Some(why)
            }
            Self::Unmet { .. } | Self::Interrupted => None,
        }
    }

    /// The error of a server that answered with one, or that cannot be reached.
    pub(super) fn server_error(&self) -> Option<ServerError> {
        match self {
            Self::Refused { error, .. } => Some(error.clone()),
            Self::Down(why) | Self::Frozen(why) => Some(ServerError::unreachable(why.to_string())),
            Self::Failed(_) | Self::Unmet { .. } | Self::Interrupted => None,
        }
    }

    /// The same failure with one more line.
    pub(super) fn and_line(self, line: &str) -> Self {
        match self {
            Self::Unmet { expected, found } => Self::Unmet {
                expected,
                found: format!("{found}\n{line}"),
            },
            Self::Failed(why) => Self::Failed(why.and_line(line)),
            Self::Refused { error, why } => Self::Refused {
                error,
                why: why.and_line(line),
            },
            Self::Down(why) => Self::Down(why.and_line(line)),
            Self::Frozen(why) => Self::Frozen(why.and_line(line)),
            Self::Interrupted => Self::Interrupted,
        }
    }
}

impl From<EngineError> for Wrong {
    fn from(error: EngineError) -> Self {
        Self::Failed(Failure::of(&error))
    }
}

impl From<LabError> for Wrong {
    fn from(error: LabError) -> Self {
        if error.is_interrupt() {
            return Self::Interrupted;
        }
        // Other hints are about bringing a lab up.
        let hint = error.hint().filter(|_| matches!(error, LabError::Fault(_)));
        let why = Failure {
            hint,
            ..Failure::of(&error)
        };
        match error {
            LabError::Sql(error) => Self::Refused {
                error: error.source,
                why,
            },
            _ => Self::Failed(why),
        }
    }
}

impl From<ServerError> for Wrong {
    fn from(error: ServerError) -> Self {
        let why = error.clone().into();
        Self::Refused { error, why }
    }
}

impl From<tokio_postgres::Error> for Wrong {
    fn from(error: tokio_postgres::Error) -> Self {
        ServerError::from(error).into()
    }
}

/// The observation of a step, or why it failed.
pub(super) type Tried<T = String> = Result<T, Wrong>;
