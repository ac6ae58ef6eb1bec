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

    /// The step could not be carried out because its node is frozen.
    pub(super) fn frozen(seen: impl Into<String>) -> Self {
        Self::Frozen(Failure::seen(seen))
    }

    /// The same failure with one more line.
    pub(super) fn and_line(self, line: &str) -> Self {
        match self {
            Self::Unmet { expected, found } => Self::Unmet {
                expected,
                found: format!("{found}\n{line}"),
            },
            Self::Failed(why) => Self::Failed(why.and_line(line)),
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
        Self::Failed(Failure {
            hint,
            ..Failure::of(&error)
        })
    }
}

impl From<ServerError> for Wrong {
    fn from(error: ServerError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<tokio_postgres::Error> for Wrong {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(ServerError::from(error).into())
    }
}

/// The observation of a step, or why it failed.
pub(super) type Tried<T = String> = Result<T, Wrong>;
