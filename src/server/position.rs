//! Positions in a server's WAL: inserted, written, flushed, replayed.

use std::time::Duration;

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
    /// Seconds since the last transaction that it replayed was committed. `None` before the first since its start.
    pub seconds: Option<f64>,
}

/// What a server has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// The end of a primary's last WAL record, or the replayed position of a standby.
    pub end: Lsn,
    /// The position up to which that can be sent.
    pub flushed: Lsn,
    /// The time within which each commit that did not wait for the disk is flushed.
    pub settles: Duration,
}

/// What a server has done, also what is only in its WAL buffers: a commit with `synchronous_commit = off`. `None` for a
/// standby that has replayed nothing yet.
///
/// # Errors
/// The server's error.
pub async fn done(reader: &Reader) -> Result<Option<Done>, ServerError> {
    let setting = |name: &str| {
        format!(
            "(SELECT setting::pg_catalog.int8 FROM pg_catalog.pg_settings WHERE name = '{name}')"
        )
    };
    let sql = format!(
        "SELECT CASE WHEN s.is_standby THEN pg_catalog.pg_last_wal_replay_lsn() \
             ELSE pg_catalog.pg_current_wal_insert_lsn() END, \
         CASE WHEN NOT s.is_standby THEN pg_catalog.pg_current_wal_flush_lsn() END, {}, {}, {} \
         FROM (SELECT pg_catalog.pg_is_in_recovery() AS is_standby) AS s",
        setting("wal_writer_delay"),
        setting("wal_segment_size"),
        setting("wal_block_size"),
    );
    let row = reader.query_one(&sql, &[]).await?;
    let number = |at: usize| row.get::<_, i64>(at).unsigned_abs();
    let end = row.get::<_, Option<Lsn>>(0);
    let end = end.map(|next| record_end(next, number(3), number(4)));
    Ok(end.map(|end| Done {
        end,
        flushed: row.get::<_, Option<Lsn>>(1).unwrap_or(end),
        settles: settles(Duration::from_millis(number(2))),
    }))
}

/// Three times `wal_writer_delay` (manual: "Asynchronous Commit"), and some time for a busy machine.
fn settles(wal_writer_delay: Duration) -> Duration {
    wal_writer_delay * 3 + Duration::from_millis(500)
}

/// The end of the last record, from the position of the next one. They differ at the start of a page: the next record comes
/// after the page's header, and a server that has replayed or sent everything is before it.
fn record_end(next: Lsn, segment: u64, page: u64) -> Lsn {
    /// The size of a page's header, and of that of a segment's first page (`xlog_internal.h`).
    const HEADERS: [u64; 2] = [24, 40];
    let header = HEADERS[usize::from(next.0 % segment < page)];
    let is_after_header = next.0 % page == header;
    Lsn(next.0 - if is_after_header { header } else { 0 })
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
        extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::pg_catalog.float8";
    let row = reader.query_one(sql, &[]).await?;
    Ok(Behind {
        bytes: written.bytes_ahead_of(row.get(0)).max(0),
        seconds: row.get(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_page_is_not_part_of_the_record_before_it() {
        let end = |next: &str| {
            let next = next.parse().expect("a position");
            record_end(next, 16 << 20, 8192).to_string()
        };
        // After `pg_switch_wal()`, and after a record that filled its page.
        assert_eq!(end("0/4000028"), "0/4000000");
        assert_eq!(end("0/4002018"), "0/4002000");
        // Within a page, also as far from its start as the header of another.
        for within in ["0/4000060", "0/4002028", "0/4002060", "1/0"] {
            assert_eq!(end(within), within);
        }
    }

    #[test]
    fn a_commit_that_does_not_wait_is_flushed_after_three_rounds() {
        let settles = settles(Duration::from_secs(10));
        assert!(settles > Duration::from_secs(30), "{settles:?}");
    }
}
