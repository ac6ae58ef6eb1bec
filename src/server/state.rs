//! The state of a server: primary or standby, its timeline, whether it replays.

use tokio_postgres::Client;

use super::client::Reader;
use super::history::history;
use super::lsn::Lsn;
use super::position::SHOWN;
use super::server_error::ServerError;

/// The state of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerState {
    /// Whether it is in recovery: a standby.
    pub is_standby: bool,
    /// Whether it is a standby whose replay is paused.
    pub is_paused: bool,
    /// The identifier of its database system. A base backup and a promotion keep it.
    pub system: String,
    /// The timeline of its position: that of its history. The control file has the timeline of the last checkpoint, so it
    /// counts only for a standby that has replayed nothing yet and has no walreceiver.
    pub timeline: i32,
    /// The written position of a primary, or the replayed position of a standby.
    pub lsn: Option<Lsn>,
    /// The host that a standby streams from.
    pub streams_from: Option<String>,
}

impl ServerState {
    /// `primary` or `standby`.
    #[must_use]
    pub fn role(&self) -> &'static str {
        role(self.is_standby)
    }
}

/// `primary` or `standby`.
#[must_use]
pub fn role(is_standby: bool) -> &'static str {
    if is_standby { "standby" } else { "primary" }
}

/// Reads the state of a server.
///
/// # Errors
/// The server's error.
pub async fn state(reader: &Reader) -> Result<ServerState, ServerError> {
    let sql = format!(
        "SELECT s.is_standby, CASE WHEN s.is_standby THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END, \
         coalesce(r.received_tli, c.timeline_id), {SHOWN}, CASE WHEN r.status = 'streaming' THEN r.sender_host END, \
         (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system()) \
         FROM (SELECT pg_catalog.pg_is_in_recovery() AS is_standby) AS s \
         CROSS JOIN pg_catalog.pg_control_checkpoint() AS c LEFT JOIN pg_catalog.pg_stat_wal_receiver AS r ON true"
    );
    let read = async { Ok(reader.query_one(&sql, &[]).await?) };
    // Sent at once.
    let (row, history) = tokio::try_join!(read, history(reader))?;
    Ok(ServerState {
        is_standby: row.get(0),
        is_paused: row.get(1),
        system: row.get(5),
        timeline: history.map_or_else(|| row.get(2), |history| history.timeline),
        lsn: row.get(3),
        streams_from: row.get(4),
    })
}

/// Whether a server is in recovery.
///
/// # Errors
/// The server's error.
pub async fn is_standby(client: &Client) -> Result<bool, ServerError> {
    let sql = "SELECT pg_catalog.pg_is_in_recovery()";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// Promotes a standby, and does not wait for the end of the promotion.
///
/// # Errors
/// The server's error.
pub async fn promote(reader: &Reader) -> Result<(), ServerError> {
    let sql = "SELECT pg_catalog.pg_promote(false)";
    Ok(reader.query_one(sql, &[]).await.map(drop)?)
}
