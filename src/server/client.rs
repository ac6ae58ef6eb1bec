//! Connections to servers: the only place that opens one.

mod noticing;

use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};

use super::SUPERUSER;
use super::server_error::ServerError;
use crate::failure::Explain;

pub use crate::sql::quote::{identifier, literal};
pub use noticing::{Noticing, connect_noticing};

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A statement, or an attempt to connect, that failed on a server.
#[derive(Debug, thiserror::Error)]
#[error("{act}")]
pub struct SqlError {
    /// What was being done: "creating the replication user on `primary`".
    pub act: String,
    /// The server's own words.
    #[source]
    pub source: ServerError,
}

impl Explain for SqlError {}

/// Everything a server said about an error, for a check's detail.
#[must_use]
pub fn words(error: tokio_postgres::Error) -> String {
    ServerError::from(error).to_string()
}

/// Adds what was being done to a server's error.
pub trait Doing<T> {
    /// `act` in -ing: "reading `pg_stat_replication` on `primary`".
    fn doing(self, act: impl FnOnce() -> String) -> Result<T, SqlError>;
}

impl<T> Doing<T> for Result<T, tokio_postgres::Error> {
    fn doing(self, act: impl FnOnce() -> String) -> Result<T, SqlError> {
        self.map_err(|error| SqlError {
            act: act(),
            source: error.into(),
        })
    }
}

/// Connects as the superuser from the host, without a password: the gateway's line of `pg_hba.conf` lets it in.
///
/// # Errors
/// The server's or the socket's own words.
pub async fn connect(host: &str, port: u16, database: &str) -> Result<Client, ServerError> {
    let config = config(host, port, database, SUPERUSER);
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            // The statement that was running reports it; a connection that nobody uses may end.
            tracing::debug!(%error, "connection ended");
        }
    });
    Ok(client)
}

fn config(host: &str, port: u16, database: &str, user: &str) -> Config {
    let mut config = Config::new();
    config
        .host(host)
        .port(port)
        .user(user)
        .dbname(database)
        .application_name("lab")
        .ssl_mode(SslMode::Disable)
        .connect_timeout(CONNECT_LIMIT);
    config
}
