//! Connections to servers: the only place that opens one.

mod noticing;
mod pins;
mod reader;
mod stream;

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::SUPERUSER;
use super::server_error::ServerError;
use crate::failure::Explain;

pub use crate::sql::quote::{identifier, literal};
pub use noticing::{Noticing, connect_noticing};
pub use pins::SearchPath;
pub use reader::Reader;

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A statement, or an attempt to connect, that failed on a server.
#[derive(Debug, thiserror::Error)]
#[error("{act}")]
pub struct SqlError {
    /// The act: "creating the replication user on `primary`".
    pub act: String,
    /// The server's own words.
    #[source]
    pub source: ServerError,
}

impl Explain for SqlError {}

/// Everything a server said about an error, for a check's detail.
#[must_use]
pub fn words(error: impl Into<ServerError>) -> String {
    error.into().to_string()
}

/// Adds the act to a server's error.
pub trait Doing<T> {
    /// `act` in -ing: "reading `pg_stat_replication` on `primary`".
    fn doing(self, act: impl FnOnce() -> String) -> Result<T, SqlError>;
}

impl<T, E: Into<ServerError>> Doing<T> for Result<T, E> {
    fn doing(self, act: impl FnOnce() -> String) -> Result<T, SqlError> {
        self.map_err(|error| SqlError {
            act: act(),
            source: error.into(),
        })
    }
}

/// Connects as the superuser from the host, without a password: the gateway's line of `pg_hba.conf` lets it in. The
/// server's settings are those that its users' programs would see.
///
/// # Errors
/// The server's or the socket's error.
pub async fn connect(host: &str, port: u16, database: &str) -> Result<Noticing, ServerError> {
    connect_noticing(host, port, database, SUPERUSER).await
}

fn config(database: &str, user: &str) -> Config {
    let mut config = Config::new();
    config
        .user(user)
        .dbname(database)
        .application_name("lab")
        .ssl_mode(SslMode::Disable);
    config
}
