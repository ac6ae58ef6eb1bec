//! How far a server's log goes: written, flushed, replayed.

use super::client::Reader;
use super::lsn::Lsn;
use super::server_error::ServerError;

/// Where a server's log ends for those who are behind it: what a primary has written, and what a standby, which sends
/// what it has received, has received or replayed. Never NULL on a server that has replayed anything.
pub(super) const END: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() \
    THEN greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()) \
    ELSE pg_catalog.pg_current_wal_lsn() END";

/// What a primary has written, or a standby replayed: what their queries show.
pub(super) const SHOWN: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() \
    THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END";

/// What a server is behind another one, counted from a position of the other's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behind {
    /// Bytes that it has not replayed.
    pub bytes: i64,
    /// Seconds since the last transaction that it replayed was committed; 0 before the first.
    pub seconds: f64,
}

/// What a primary has written, or a standby replayed.
///
/// # Errors
/// The server's words.
pub async fn shown(reader: &Reader) -> Result<Option<Lsn>, ServerError> {
    let sql = format!("SELECT {SHOWN}");
    Ok(reader.query_one(&sql, &[]).await?.get(0))
}

/// How far a primary's log is on its disk, and so can be sent.
///
/// # Errors
/// The server's words: a standby has no such position.
pub async fn flushed(reader: &Reader) -> Result<Lsn, ServerError> {
    let sql = "SELECT pg_catalog.pg_current_wal_flush_lsn()";
    Ok(reader.query_one(sql, &[]).await?.get(0))
}

/// How far a standby has replayed; `None` before it has replayed anything, and on a server that was never a standby.
///
/// # Errors
/// The server's words.
pub async fn replayed(reader: &Reader) -> Result<Option<Lsn>, ServerError> {
    let sql = "SELECT pg_catalog.pg_last_wal_replay_lsn()";
    Ok(reader.query_one(sql, &[]).await?.get(0))
}

/// How far a standby is behind a position of its primary's.
///
/// # Errors
/// The server's words.
pub async fn behind(reader: &Reader, written: Lsn) -> Result<Behind, ServerError> {
    let sql = "SELECT coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0'), \
        coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()), 0)\
        ::pg_catalog.float8";
    let row = reader.query_one(sql, &[]).await?;
    Ok(Behind {
        bytes: written.bytes_ahead_of(row.get(0)).max(0),
        seconds: row.get(1),
    })
}
