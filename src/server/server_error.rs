//! A server's error with all that the server said.
//!
//! Owns the wording: `tokio-postgres` shows `db error` and no more. Never adds what the client was doing: that is
//! the next layer's line.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::exit::Exit;
use crate::failure::Explain;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// No connection could be made (manual: "PostgreSQL Error Codes").
const UNREACHABLE: SqlState = SqlState::SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION;

/// An error between a client and a server. Its `Display` is complete, so it has no source.
#[derive(Debug, Clone)]
pub struct ServerError(Arc<What>);

#[derive(Debug)]
enum What {
    /// The client's error, which holds the server's error if the server refused.
    Failed(tokio_postgres::Error),
    /// The connection ended without an error of the server's; it may have warned before.
    Lost {
        error: tokio_postgres::Error,
        farewell: Option<Box<DbError>>,
    },
    /// No connection came about, and no server said why.
    Unreachable(String),
    /// A connection without an answer.
    Silent(String),
}

impl ServerError {
    /// An error with which a connection ended, and what the server had warned of before.
    #[must_use]
    pub fn of_ended(error: tokio_postgres::Error, farewell: Option<DbError>) -> Self {
        Self(Arc::new(match error.as_db_error() {
            Some(_) => What::Failed(error),
            None => What::Lost {
                error,
                farewell: farewell.map(Box::new),
            },
        }))
    }

    /// An attempt to connect that failed.
    #[must_use]
    pub fn of_connecting(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(_) => error.into(),
            None => Self::unreachable(words(&error)),
        }
    }

    /// A server that cannot be reached, for this reason.
    #[must_use]
    pub fn unreachable(why: impl Into<String>) -> Self {
        Self(Arc::new(What::Unreachable(why.into())))
    }

    /// A server that gives no answer to a statement, for this reason.
    #[must_use]
    pub fn silent(why: impl Into<String>) -> Self {
        Self(Arc::new(What::Silent(why.into())))
    }

    /// The server's error, if the server refused.
    fn said(&self) -> Option<&DbError> {
        match &*self.0 {
            What::Failed(error) => error.as_db_error(),
            What::Lost { .. } | What::Unreachable(_) | What::Silent(_) => None,
        }
    }

    /// The SQLSTATE, if the server refused.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        self.said().map(DbError::code)
    }

    /// Whether this is its SQLSTATE. A connection that ended without an error is a `connection_failure`, and has the
    /// code of the warning before it as well. A connection that did not come about has that code too, besides its own.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        match &*self.0 {
            What::Failed(_) => self.code().is_some_and(|state| state.code() == code),
            What::Lost { farewell, .. } => {
                let farewell = farewell.as_deref().map(DbError::code);
                let mut codes = farewell.into_iter().chain([&SqlState::CONNECTION_FAILURE]);
                codes.any(|state| state.code() == code)
            }
            What::Silent(_) => code == SqlState::CONNECTION_FAILURE.code(),
            What::Unreachable(_) => {
                let mut codes = [&UNREACHABLE, &SqlState::CONNECTION_FAILURE].into_iter();
                codes.any(|state| state.code() == code)
            }
        }
    }

    /// Whether a connection ended without an error of the server's.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(&*self.0, What::Lost { .. })
    }

    /// Who is to blame: the statement, or the machine when it lacks disk or memory, or ended the server.
    #[must_use]
    pub fn blames(&self) -> Exit {
        // Classes (manual: "PostgreSQL Error Codes"): 57P the operator, 58 and XX the system, 531 and 532 disk and memory. A
        // file that is not there (58P01) is one that the statement or a setting names.
        let machine = ["57P", "580", "58P02", "58P03", "XX", "531", "532"];
        match self.code() {
            Some(state) if !machine.iter().any(|class| state.code().starts_with(class)) => {
                Exit::Usage
            }
            _ => Exit::Environment,
        }
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
        match self.said()?.position()? {
            ErrorPosition::Original(at) => usize::try_from(*at).ok(),
            ErrorPosition::Internal { .. } => None,
        }
    }

    /// The server's CONTEXT: the function or the line of data in which it happened.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.said()?.where_()
    }
}

impl From<tokio_postgres::Error> for ServerError {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.is_closed() {
            Self::of_ended(error, None)
        } else {
            Self(Arc::new(What::Failed(error)))
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            What::Failed(error) => match error.as_db_error() {
                Some(said) => say(f, said),
                None => f.write_str(&words(error)),
            },
            What::Unreachable(why) => write!(f, "{}: {why}", UNREACHABLE.code()),
            What::Silent(why) => write!(f, "{}: {why}", SqlState::CONNECTION_FAILURE.code()),
            What::Lost { error, farewell } => {
                write!(f, "{}: ", SqlState::CONNECTION_FAILURE.code())?;
                if error.is_closed() {
                    f.write_str("the connection ended without an answer")?;
                } else {
                    f.write_str(&words(error))?;
                }
                let Some(said) = farewell else { return Ok(()) };
                f.write_str("\n")?;
                say(f, said)
            }
        }
    }
}

/// The client's own words, with their causes.
fn words(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

/// Everything that the server said.
fn say(f: &mut fmt::Formatter<'_>, said: &DbError) -> fmt::Result {
    write!(
        f,
        "{} {}: {}",
        said.severity(),
        said.code().code(),
        said.message()
    )?;
    if let Some(detail) = said.detail() {
        write!(f, "\nDETAIL: {detail}")?;
    }
    if let Some(hint) = said.hint() {
        write!(f, "\nHINT: {hint}")?;
    }
    if let Some(context) = said.where_() {
        write!(f, "\nCONTEXT: {context}")?;
    }
    Ok(())
}

impl Error for ServerError {}

impl Explain for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_not_reached_has_a_state_of_its_own_and_that_of_a_lost_connection() {
        let error = ServerError::unreachable("nobody listens");
        assert_eq!(error.to_string(), "08001: nobody listens");
        assert!(error.is("08001") && error.is("08006") && !error.is("28000"));
        let error = ServerError::silent("it is frozen");
        assert_eq!(error.to_string(), "08006: it is frozen");
        assert!(error.is("08006") && !error.is("08001"));
        assert_eq!(error.blames(), Exit::Environment);
    }
}
