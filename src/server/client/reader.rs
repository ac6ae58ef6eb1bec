//! A connection that asks a server about itself.

use std::ops::Deref;

use super::noticing::open;
use super::pins::{self, SearchPath};
use super::{Door, Noticing, config};
use crate::server::SUPERUSER;
use crate::server::server_error::ServerError;
use crate::server::version::Version;

/// How many milliseconds a look at a server in use waits for another session's lock.
pub const LOCK_LIMIT_MS: u32 = 2000;

/// A connection whose answers depend on no setting of a user's.
#[derive(Debug)]
pub struct Reader {
    connection: Noticing,
    version: Version,
}

impl Reader {
    /// Connects as the superuser from the host, which the gateway's line of `pg_hba.conf` lets in.
    ///
    /// # Errors
    /// The server's or the socket's error.
    pub async fn connect(
        door: Door<'_>,
        database: &str,
        path: SearchPath,
    ) -> Result<Self, ServerError> {
        let mut config = config(door, database, SUPERUSER);
        config.options(pins::options(path));
        let (connection, server_version) = open(door, &config).await?;
        let version = Version::from_report(&server_version);
        if let Some(set) = pins::by_version(version) {
            connection.batch_execute(set).await?;
        }
        Ok(Self {
            connection,
            version,
        })
    }

    /// Lets its statements wait for others' locks no longer than [`LOCK_LIMIT_MS`].
    ///
    /// # Errors
    /// The server's error.
    pub async fn limit_locks(&self) -> Result<(), ServerError> {
        let set = format!("SET lock_timeout = {LOCK_LIMIT_MS}");
        Ok(self.connection.batch_execute(&set).await?)
    }

    /// Ends the connection and waits until the server has ended its process.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// The server's version, as it reported it to this connection.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }
}

impl Deref for Reader {
    type Target = Noticing;
    fn deref(&self) -> &Noticing {
        &self.connection
    }
}
