//! A connection that keeps the notices of the server and the reason of its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, SimpleQueryMessage};

use super::stream::UntilClosed;
use super::{CONNECT_LIMIT, Door, GREETING_LIMIT, config};
use crate::server::server_error::ServerError;

/// How long the end of a connection is waited for. A frozen server never ends it.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A connection that keeps the notices of the server.
#[derive(Debug)]
pub struct Noticing {
    client: Client,
    heard: Arc<Heard>,
    host: String,
    port: u16,
    /// See [`Self::owes_log`].
    owes_log: AtomicBool,
    /// Ends with the connection.
    hearing: JoinHandle<()>,
}

/// The messages from the server besides answers.
#[derive(Debug, Default)]
struct Heard {
    notices: Mutex<Vec<String>>,
    /// The last warning with which a server announces the end of connections.
    farewell: Mutex<Option<DbError>>,
    /// How the connection ended, once it has.
    end: Mutex<Option<ServerError>>,
}

impl Heard {
    fn notice(&self, notice: DbError) {
        let text = format!("{}: {}", notice.severity(), notice.message());
        locked(&self.notices).push(text);
        // Class 57 with a `P`: the operator's doing, or a crash (manual: "PostgreSQL Error Codes").
        if notice.code().code().starts_with("57P") {
            *locked(&self.farewell) = Some(notice);
        }
    }

    /// The connection has ended with this. A statement may learn the server's reason after the connection has ended.
    fn ended(&self, error: tokio_postgres::Error) -> ServerError {
        let farewell = locked(&self.farewell).clone();
        let error = ServerError::of_ended(error, farewell);
        let mut end = locked(&self.end);
        match &*end {
            Some(known) if error.code().is_none() => known.clone(),
            _ => end.insert(error).clone(),
        }
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the server ends the connection with it.
fn is_fatal(said: &DbError) -> bool {
    matches!(
        said.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    )
}

impl Noticing {
    /// The notices since the last call: `NOTICE: …`.
    #[must_use]
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.heard.notices))
    }

    /// How the connection ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<ServerError> {
        locked(&self.heard.end).clone()
    }

    /// Whether the server's log of this connection is quiet for a transaction that has not ended.
    pub(in crate::server) fn owes_log(&self) -> bool {
        self.owes_log.load(Ordering::Relaxed)
    }

    pub(in crate::server) fn owe_log(&self, owes: bool) {
        self.owes_log.store(owes, Ordering::Relaxed);
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed() || locked(&self.heard.end).is_some()
    }

    /// Ends the connection and waits until the server has ended its process: nothing of the session is left then.
    pub async fn close(self) {
        let Self {
            client, hearing, ..
        } = self;
        drop(client);
        if tokio::time::timeout(CLOSE_LIMIT, hearing).await.is_err() {
            tracing::debug!("the server has not ended a connection");
        }
    }

    /// Asks the server to cancel the statement that runs in this connection.
    pub async fn cancel(&self) {
        let cancelling = async {
            let stream = UntilClosed::connect(&self.host, self.port).await.ok()?;
            let token = self.client.cancel_token();
            token.cancel_query_raw(stream, NoTls).await.ok()
        };
        let cancelled = tokio::time::timeout(CONNECT_LIMIT, cancelling).await;
        tracing::debug!(?cancelled, "cancelled a statement");
    }

    /// Sends statements as they stand.
    ///
    /// # Errors
    /// The server's error, or how the connection ended.
    pub async fn send(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, ServerError> {
        if let Some(end) = self.end() {
            return Err(end);
        }
        self.client.simple_query(sql).await.map_err(|error| {
            let fatal = error.as_db_error().is_some_and(is_fatal);
            if fatal || error.is_closed() {
                self.heard.ended(error)
            } else {
                error.into()
            }
        })
    }
}

impl std::ops::Deref for Noticing {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Connects as any role that the gateway's line lets in, and keeps the server's notices. The server's settings are those
/// that the role's own programs would see.
///
/// # Errors
/// The server's or the socket's error.
pub async fn connect_noticing(
    door: Door<'_>,
    database: &str,
    user: &str,
) -> Result<Noticing, ServerError> {
    let (connection, _) = open(door, &config(door, database, user)).await?;
    Ok(connection)
}

/// Connects, and tells the `server_version` that the server reported.
pub(super) async fn open(
    Door { host, port, .. }: Door<'_>,
    config: &Config,
) -> Result<(Noticing, String), ServerError> {
    let connecting = tokio::time::timeout(CONNECT_LIMIT, UntilClosed::connect(host, port));
    let stream = match connecting.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(ServerError::unreachable(error.to_string())),
        Err(_) => return Err(ServerError::unreachable("no answer")),
    };
    let greeting = tokio::time::timeout(GREETING_LIMIT, config.connect_raw(stream, NoTls));
    let (client, mut connection) = match greeting.await {
        Ok(greeted) => greeted.map_err(ServerError::of_connecting)?,
        Err(_) => {
            return Err(ServerError::unreachable(
                "it accepts connections and says nothing",
            ));
        }
    };
    let version = connection.parameter("server_version").unwrap_or_default();
    let version = version.to_owned();
    let heard = Arc::new(Heard::default());
    let own = Arc::clone(&heard);
    let hearing = tokio::spawn(async move {
        let mut messages = futures_util::stream::poll_fn(move |cx| connection.poll_message(cx));
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notice(notice)) => own.notice(notice),
                Ok(_) => {}
                Err(error) => {
                    // Before the statement that runs learns that it has no answer.
                    let error = own.ended(error);
                    tracing::debug!(%error, "connection ended");
                    break;
                }
            }
        }
    });
    let connection = Noticing {
        client,
        heard,
        host: host.to_owned(),
        port,
        owes_log: AtomicBool::new(false),
        hearing,
    };
    Ok((connection, version))
}

#[cfg(test)]
mod tests;
