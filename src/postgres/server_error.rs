//! A server's error with all that the server said.
//!
//! Owns the wording: `tokio-postgres` shows `db error` and no more. Never adds what the client was doing: that is
//! the next layer's line.

use std::error::Error;
use std::fmt;

use tokio_postgres::error::{ErrorPosition, SqlState};

/// What went wrong between a client and a server. Its `Display` says it all, so it has no source.
#[derive(Debug)]
pub struct ServerError(tokio_postgres::Error);

impl ServerError {
    /// The SQLSTATE, where it was the server that refused.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        self.0.code()
    }

    /// Whether an attempt to connect that failed like this may succeed later: nobody listens yet, or the server is
    /// starting (`57P03`) or has no room (`53300`).
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.code().is_none_or(|state| {
            *state == SqlState::CANNOT_CONNECT_NOW || *state == SqlState::TOO_MANY_CONNECTIONS
        })
    }

    /// The character of the query that the server points at, from 1.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        match self.0.as_db_error()?.position()? {
            ErrorPosition::Original(at) => usize::try_from(*at).ok(),
            ErrorPosition::Internal { .. } => None,
        }
    }

    /// The server's CONTEXT: the function or the line of data in which it happened.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.0.as_db_error()?.where_()
    }
}

impl From<tokio_postgres::Error> for ServerError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.0.as_db_error() else {
            write!(f, "{}", self.0)?;
            let mut cause = self.0.source();
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
            return Ok(());
        };
        write!(
            f,
            "{} {}: {}",
            error.severity(),
            error.code().code(),
            error.message()
        )?;
        if let Some(detail) = error.detail() {
            write!(f, "\nDETAIL: {detail}")?;
        }
        if let Some(hint) = error.hint() {
            write!(f, "\nHINT: {hint}")?;
        }
        if let Some(context) = error.where_() {
            write!(f, "\nCONTEXT: {context}")?;
        }
        Ok(())
    }
}

impl Error for ServerError {}
