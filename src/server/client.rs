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
use crate::name::Secret;

pub use crate::sql::quote::{identifier, literal};
pub use noticing::{Noticing, connect_noticing};
pub use pins::SearchPath;
pub use reader::{LOCK_LIMIT_MS, Reader};

/// How long a socket may take to connect.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a server that accepted a connection may take to let the client in. One that is frozen or out of memory accepts
/// and never greets.
const GREETING_LIMIT: Duration = Duration::from_secs(15);

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

/// Where a server listens, and the password of the role that connects, if the server asks the host for one.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// The host.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The password.
    pub password: Option<&'a Secret>,
}

impl<'a> Door<'a> {
    /// A server that trusts this host.
    #[must_use]
    pub fn trusted(host: &'a str, port: u16) -> Self {
        let password = None;
        Self {
            host,
            port,
            password,
        }
    }
}

/// Connects as the superuser from the host, which the gateway's line of `pg_hba.conf` lets in. The server's settings are
/// those that its users' programs would see.
///
/// # Errors
/// The server's or the socket's error.
pub async fn connect(door: Door<'_>, database: &str) -> Result<Noticing, ServerError> {
    connect_noticing(door, database, SUPERUSER).await
}

fn config(door: Door<'_>, database: &str, user: &str) -> Config {
    let mut config = Config::new();
    config
        .user(user)
        .dbname(database)
        .application_name("lab")
        .ssl_mode(SslMode::Disable);
    if let Some(password) = door.password {
        config.password(password.expose());
    }
    config
}
