//! The processes of a server and their wait events: `pg_stat_activity` (manual: "The Cumulative Statistics System").

use std::fmt;

use serde::{Deserialize, Serialize};

use super::client::Reader;
use super::server_error::ServerError;

/// The activity of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// `active`, `idle`, `idle in transaction`, …
    pub state: Option<String>,
    /// The type of its wait event: `Lock`, `IPC`, …
    pub wait_event_type: Option<String>,
    /// Its wait event: `SyncRep`, `transactionid`, …
    pub wait_event: Option<String>,
    /// What tells this statement of this process from others.
    pub since: String,
}

/// A process that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// `client backend`, `walsender`, …
    pub backend_type: String,
    /// The process.
    pub pid: i32,
    /// The type of its wait event.
    pub wait_event_type: String,
    /// Its wait event.
    pub wait_event: String,
    /// What tells this statement of this process from others.
    pub since: String,
}

/// When the process, its statement and its state began.
const SINCE: &str = "pg_catalog.concat_ws(' ', pid, backend_start, query_start, state_change)";

/// The commits that wait for synchronous standbys.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Waiting {
    /// Their number.
    pub commits: u64,
    /// How long the oldest of them has run, in seconds.
    pub longest: f64,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [&self.state, &self.wait_event_type, &self.wait_event];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&words.join(": "))
    }
}

impl fmt::Display for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            backend_type,
            pid,
            wait_event_type,
            wait_event,
            since: _,
        } = self;
        write!(f, "{backend_type} {pid}: {wait_event_type}: {wait_event}")
    }
}

/// A process of a server. Its number alone may be another one's later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it began, in seconds since 1970. Empty if that is not known.
    #[serde(default)]
    pub began: String,
}

/// The process behind a connection, with its beginning.
///
/// # Errors
/// The server's error.
pub async fn own_process(client: &tokio_postgres::Client) -> Result<Process, ServerError> {
    let sql = "SELECT pid, extract(epoch FROM backend_start)::pg_catalog.text FROM pg_catalog.pg_stat_activity \
        WHERE pid = pg_catalog.pg_backend_pid()";
    let row = client.query_one(sql, &[]).await?;
    Ok(Process {
        pid: row.get(0),
        began: row.get::<_, Option<String>>(1).unwrap_or_default(),
    })
}

/// Whether a process still runs. One with its number that began at another time is another one.
///
/// # Errors
/// The server's error.
pub async fn runs(client: &tokio_postgres::Client, process: &Process) -> Result<bool, ServerError> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1 \
        AND ($2 = '' OR backend_start IS NULL OR extract(epoch FROM backend_start)::pg_catalog.text = $2))";
    let row = client
        .query_one(sql, &[&process.pid, &process.began])
        .await?;
    Ok(row.get(0))
}

/// The process behind a connection.
///
/// # Errors
/// The server's error.
pub async fn own_pid(client: &tokio_postgres::Client) -> Result<i32, ServerError> {
    let sql = "SELECT pg_catalog.pg_backend_pid()";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// The activity of a session. `None` once it has ended.
///
/// # Errors
/// The server's error.
pub async fn session(reader: &Reader, pid: i32) -> Result<Option<Session>, ServerError> {
    let sql = format!(
        "SELECT state, wait_event_type, wait_event, {SINCE} FROM pg_catalog.pg_stat_activity WHERE pid = $1"
    );
    let row = reader.query_opt(&sql, &[&pid]).await?;
    Ok(row.map(|row| Session {
        state: row.get(0),
        wait_event_type: row.get(1),
        wait_event: row.get(2),
        since: row.get(3),
    }))
}

/// The commits that wait for synchronous standbys now: the wait event `SyncRep` (manual: "Wait Events of Type IPC").
///
/// # Errors
/// The server's error.
pub async fn waiting_commits(reader: &Reader) -> Result<Waiting, ServerError> {
    let sql = "SELECT pg_catalog.count(*), coalesce(extract(epoch FROM pg_catalog.max(\
        pg_catalog.clock_timestamp() - coalesce(state_change, query_start)))::pg_catalog.float8, 0) \
        FROM pg_catalog.pg_stat_activity WHERE wait_event = 'SyncRep' AND wait_event_type = 'IPC'";
    let row = reader.query_one(sql, &[]).await?;
    Ok(Waiting {
        commits: row.get::<_, i64>(0).try_into().unwrap_or_default(),
        longest: row.get(1),
    })
}

/// The processes of a type, without the asking one.
///
/// # Errors
/// The server's error.
pub async fn processes(reader: &Reader, backend_type: &str) -> Result<Vec<i32>, ServerError> {
    let sql = "SELECT pid FROM pg_catalog.pg_stat_activity \
        WHERE backend_type = $1 AND pid <> pg_catalog.pg_backend_pid() ORDER BY pid";
    let rows = reader.query(sql, &[&backend_type]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The processes, of that type where one is given, that wait for an event of that name or type, whatever their case. `%`
/// and `_` stand for other letters.
///
/// # Errors
/// The server's error.
pub async fn waiters(
    reader: &Reader,
    event: &str,
    backend_type: Option<&str>,
) -> Result<Vec<Waiter>, ServerError> {
    let sql = format!(
        "SELECT backend_type, pid, wait_event_type, wait_event, {SINCE} FROM pg_catalog.pg_stat_activity \
         WHERE pid <> pg_catalog.pg_backend_pid() AND (wait_event ILIKE $1 OR wait_event_type ILIKE $1) \
         AND ($2::pg_catalog.text IS NULL OR backend_type = $2) ORDER BY pid"
    );
    let rows = reader.query(&sql, &[&event, &backend_type]).await?;
    let waiter = |row: &tokio_postgres::Row| Waiter {
        backend_type: row.get(0),
        pid: row.get(1),
        wait_event_type: row.get(2),
        wait_event: row.get(3),
        since: row.get(4),
    };
    Ok(rows.iter().map(waiter).collect())
}
