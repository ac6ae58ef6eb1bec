//! The checkpoint counters of a server: `pg_stat_checkpointer`, before PostgreSQL 17 `pg_stat_bgwriter` (manual: "The
//! Cumulative Statistics System").

use super::client::Reader;
use super::lsn::Lsn;
use super::server_error::ServerError;
use super::version::Version;

/// The checkpoint counters of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoints {
    /// The number of requested checkpoints, restartpoints included.
    pub requested: i64,
    /// The number of buffers that they wrote.
    pub buffers: i64,
    /// The redo position of the last one.
    pub redo: Lsn,
}

fn sql(version: Version) -> String {
    let (requested, buffers, view) = if version >= Version(17) {
        (
            "num_requested + restartpoints_req",
            "buffers_written",
            "pg_stat_checkpointer",
        )
    } else {
        ("checkpoints_req", "buffers_checkpoint", "pg_stat_bgwriter")
    };
    format!(
        "SELECT {requested}, {buffers}, redo_lsn FROM pg_catalog.{view}, pg_catalog.pg_control_checkpoint()"
    )
}

/// The counts of a server. It counts a checkpoint a moment after it has told that it is done.
///
/// # Errors
/// The server's error.
pub async fn checkpoints(reader: &Reader) -> Result<Checkpoints, ServerError> {
    let row = reader.query_one(&sql(reader.version()), &[]).await?;
    Ok(Checkpoints {
        requested: row.get(0),
        buffers: row.get(1),
        redo: row.get(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_is_of_17_and_later() {
        assert!(sql(Version(16)).contains("pg_catalog.pg_stat_bgwriter"));
        assert!(sql(Version(17)).contains("pg_catalog.pg_stat_checkpointer"));
    }
}
