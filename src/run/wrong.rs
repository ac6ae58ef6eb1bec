//! Why a step did not bring what it should.

use crate::failure::Explain as _;
use crate::lab::LabError;

/// Why a step did not bring what it should.
#[derive(Debug)]
pub(super) enum Wrong {
    /// Something else was seen.
    Unmet {
        /// What should have been.
        expected: String,
        /// What was.
        found: String,
    },
    /// It could not be carried out.
    Failed(String),
    /// It could not be carried out, for whom it is about is frozen.
    Frozen(String),
    /// Somebody pressed ctrl-c.
    Interrupted,
}

impl From<crate::engine::EngineError> for Wrong {
    fn from(error: crate::engine::EngineError) -> Self {
        Self::Failed(crate::text::chain(&error))
    }
}

impl From<LabError> for Wrong {
    fn from(error: LabError) -> Self {
        if error.is_interrupt() {
            return Self::Interrupted;
        }
        let why = crate::text::chain(&error);
        // What is done about a fault that cannot be had is not in the step.
        let hint = error.hint().filter(|_| matches!(error, LabError::Fault(_)));
        Self::Failed(hint.map_or_else(|| why.clone(), |hint| format!("{why}\nhint: {hint}")))
    }
}

impl From<tokio_postgres::Error> for Wrong {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(crate::server::client::words(error))
    }
}

/// What was seen, or why the step is wrong.
pub(super) type Tried<T = String> = Result<T, Wrong>;
