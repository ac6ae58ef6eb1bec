//! Positions in a server's WAL: written, flushed, replayed.

use super::client::Reader;
use super::lsn::Lsn;
use super::server_error::ServerError;

/// The end of a server's WAL as its standbys see it: the written position of a primary, and the received or replayed
/// position of a standby. Never NULL on a server that has replayed any WAL.
pub(super) const END: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() \
    THEN greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()) \
    ELSE pg_catalog.pg_current_wal_lsn() END";

/// The written position of a primary, or the replayed position of a standby: the data that queries see.
pub(super) const SHOWN: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() \
    THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END";

/// The lag of a server behind a position of another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behind {
    /// Bytes that it has not replayed.
    pub bytes: i64,
    /// Seconds since the last transaction that it replayed was committed; 0 before the first.
    pub seconds: f64,
}

/// The written position of a primary, or the replayed position of a standby.
///
/// # Errors
/// The server's error.
pub async fn shown(reader: &Reader) -> Result<Option<Lsn>, ServerError> {
    let sql = format!("SELECT {SHOWN}");
    Ok(reader.query_one(&sql, &[]).await?.get(0))
}

/// The flushed position of a primary, up to which WAL can be sent.
///
/// # Errors
/// The server's words: a standby has no such position.
pub async fn flushed(reader: &Reader) -> Result<Lsn, ServerError> {
    let sql = "SELECT pg_catalog.pg_current_wal_flush_lsn()";
    Ok(reader.query_one(sql, &[]).await?.get(0))
}

/// The replayed position of a standby. `None` before it has replayed anything, and on a server that was never a standby.
///
/// # Errors
/// The server's error.
pub async fn replayed(reader: &Reader) -> Result<Option<Lsn>, ServerError> {
    let sql = "SELECT pg_catalog.pg_last_wal_replay_lsn()";
    Ok(reader.query_one(sql, &[]).await?.get(0))
}

/// The lag of a standby behind a position of its primary.
///
/// # Errors
/// The server's error.
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
