//! Why a step did not bring what it should.

use crate::engine::EngineError;
use crate::failure::{Explain as _, Failure};
use crate::lab::LabError;
use crate::server::server_error::ServerError;

/// Why a step did not bring what it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    /// Something else was seen.
    #[error("{found}")]
    Unmet {
        /// What should have been.
        expected: String,
        /// What was.
        found: String,
    },
    /// It could not be carried out.
    #[error(transparent)]
    Failed(Failure),
    /// It could not be carried out, because the node is frozen.
    #[error(transparent)]
    Frozen(Failure),
    /// Somebody pressed ctrl-c.
    #[error("interrupted")]
    Interrupted,
}

impl Wrong {
    /// It could not be carried out, and this was seen.
    pub(super) fn failed(seen: impl Into<String>) -> Self {
        Self::Failed(Failure::seen(seen))
    }

    /// It could not be carried out on a node that is frozen.
    pub(super) fn frozen(seen: impl Into<String>) -> Self {
        Self::Frozen(Failure::seen(seen))
    }

    /// The same, with something more that was seen on a line of its own.
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

/// What was seen, or why the step is wrong.
pub(super) type Tried<T = String> = Result<T, Wrong>;
