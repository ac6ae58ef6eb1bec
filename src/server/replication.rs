//! The walsenders of a server: `pg_stat_replication` (manual: "The Cumulative Statistics System"), and on the other end
//! `pg_stat_wal_receiver`.

use std::fmt;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::client::Reader;
use super::lsn::Lsn;
use super::position::END;
use super::server_error::ServerError;
use super::slots::Slot;
use super::word::words;

words! {
    /// `pg_stat_replication.state`.
    SenderState {
        /// It starts.
        Startup = "startup",
        /// Its receiver is behind and catches up.
        Catchup = "catchup",
        /// Its receiver had everything, and gets what is new.
        Streaming = "streaming",
        /// It sends a base backup.
        Backup = "backup",
        /// It stops.
        Stopping = "stopping",
    }
}

words! {
    /// `pg_stat_wal_receiver.status`.
    ReceiverStatus {
        /// It is connected. Whether its upstream serves it is not known yet.
        Streaming = "streaming",
        /// It has nothing to ask for now.
        Waiting = "waiting",
        /// It starts.
        Starting = "starting",
        /// It asks for another position or timeline.
        Restarting = "restarting",
        /// It stops.
        Stopping = "stopping",
    }
}

/// `pg_stat_replication.sync_state`: whether commits wait for a standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// Commits do not wait for it.
    Async,
    /// It would become synchronous if one that is now fails.
    Potential,
    /// Commits wait for it.
    Sync,
    /// Commits wait for some of a group that it is in.
    Quorum,
}

impl SyncState {
    /// The state that the server calls so; `None` for a word that is not known.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Async, Self::Potential, Self::Sync, Self::Quorum];
        all.into_iter().find(|state| state.to_string() == word)
    }

    /// Whether commits may be waiting for a standby in this state.
    #[must_use]
    pub fn holds_commits(self) -> bool {
        matches!(self, Self::Sync | Self::Quorum)
    }
}

impl fmt::Display for SyncState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async => "async",
            Self::Potential => "potential",
            Self::Sync => "sync",
            Self::Quorum => "quorum",
        })
    }
}

/// One walsender of a server. Base backups are included, under a name of their own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sender {
    /// The process that sends.
    pub pid: i32,
    /// The `application_name` of the receiver.
    pub application_name: String,
    /// Seconds since the receiver connected.
    pub connected_for: f64,
    /// Whether it sends decoded changes: to a subscription or one of its table synchronization workers.
    pub is_logical: bool,
    /// The address of the receiver.
    pub address: Option<String>,
    /// Its state.
    pub state: Option<SenderState>,
    /// Whether commits wait for the receiver.
    pub sync_state: Option<SyncState>,
    /// The position that the receiver has flushed.
    pub flush_lsn: Option<Lsn>,
    /// The position that the receiver has replayed or applied.
    pub replay_lsn: Option<Lsn>,
    /// Bytes of this server's WAL that are not sent, written, flushed and replayed there.
    pub bytes: Lag<i64>,
    /// Seconds from a recent commit to the news of its being written, flushed and replayed there; nothing is known of
    /// its being sent. PostgreSQL forgets it where nothing is written.
    pub seconds: Lag<f64>,
}

/// A distance at each of four stages.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lag<T> {
    /// Not sent.
    pub sent: Option<T>,
    /// Not written to the receiver's disk cache.
    pub write: Option<T>,
    /// Not durable there.
    pub flush: Option<T>,
    /// Not applied there.
    pub replay: Option<T>,
}

/// A standby's receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its state.
    pub status: ReceiverStatus,
    /// Whether anything came through its connection: the times of what was sent and received differ.
    pub has_received: bool,
    /// The host that it is connected with.
    pub host: Option<String>,
}

/// All walsenders of a server, by `application_name`.
///
/// # Errors
/// The server's error.
pub async fn senders(reader: &Reader) -> Result<Vec<Sender>, ServerError> {
    let sql = format!(
        "SELECT r.pid, r.application_name, r.state, r.sync_state, \
         r.flush_lsn, r.replay_lsn, \
         pg_catalog.pg_wal_lsn_diff(c.now, r.sent_lsn)::pg_catalog.int8, \
         pg_catalog.pg_wal_lsn_diff(c.now, r.write_lsn)::pg_catalog.int8, \
         pg_catalog.pg_wal_lsn_diff(c.now, r.flush_lsn)::pg_catalog.int8, \
         pg_catalog.pg_wal_lsn_diff(c.now, r.replay_lsn)::pg_catalog.int8, \
         extract(epoch FROM r.write_lag)::pg_catalog.float8, extract(epoch FROM r.flush_lag)::pg_catalog.float8, \
         extract(epoch FROM r.replay_lag)::pg_catalog.float8, pg_catalog.host(r.client_addr), \
         EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS s \
             WHERE s.active_pid = r.pid AND s.slot_type = 'logical'), \
         extract(epoch FROM pg_catalog.clock_timestamp() - r.backend_start)::pg_catalog.float8 \
         FROM pg_catalog.pg_stat_replication AS r CROSS JOIN (SELECT {END} AS now) AS c \
         ORDER BY r.application_name, r.pid"
    );
    let rows = reader.query(&sql, &[]).await?;
    Ok(rows.iter().map(sender).collect())
}

fn sender(row: &Row) -> Sender {
    let word = |at: usize| row.get::<_, Option<&str>>(at);
    Sender {
        pid: row.get(0),
        application_name: word(1).unwrap_or_default().to_owned(),
        address: word(13).map(str::to_owned),
        state: word(2).map(SenderState::from),
        sync_state: word(3).and_then(SyncState::from_word),
        flush_lsn: row.get(4),
        replay_lsn: row.get(5),
        bytes: Lag {
            sent: row.get(6),
            write: row.get(7),
            flush: row.get(8),
            replay: row.get(9),
        },
        seconds: Lag {
            sent: None,
            write: row.get(10),
            flush: row.get(11),
            replay: row.get(12),
        },
        is_logical: row.get(14),
        connected_for: row.get::<_, Option<f64>>(15).unwrap_or_default(),
    }
}

impl Sender {
    /// Its state, in the server's word.
    #[must_use]
    pub fn state_word(&self) -> &str {
        self.state.as_ref().map_or("none", SenderState::word)
    }

    /// Whether it sends WAL: what is new, or what its receiver has missed.
    #[must_use]
    pub fn sends(&self) -> bool {
        matches!(
            self.state,
            Some(SenderState::Streaming | SenderState::Catchup)
        )
    }

    /// Whether it goes on sending. One that cannot send what is asked for ends within milliseconds, while it catches up.
    #[must_use]
    pub fn serves(&self) -> bool {
        /// The seconds after which a walsender has not failed at once.
        const STAYS: f64 = 1.0;
        match self.state {
            Some(SenderState::Streaming) => true,
            Some(SenderState::Catchup) => self.connected_for >= STAYS,
            _ => false,
        }
    }

    /// Whether the receiver had everything and gets what is new.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.state == Some(SenderState::Streaming)
    }
}

/// The walsenders that send WAL to a standby with the `application_name` `name`: none, one, or several while a lost
/// connection has not timed out. A subscription of that name is not among them.
pub fn to_standby<'a>(senders: &'a [Sender], name: &'a str) -> impl Iterator<Item = &'a Sender> {
    senders
        .iter()
        .filter(move |sender| sender.application_name == name && !sender.is_logical)
}

/// Whether a slot, or the walsender that has its name, is that of a table's copy: `pg_16390_sync_16384_7577`, before PostgreSQL
/// 14 `SLOT_16390_sync_16384`.
#[must_use]
pub fn copies_table(name: &str) -> bool {
    let Some((before, after)) = name.rsplit_once("_sync_") else {
        return false;
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let before = before.rsplit_once('_');
    before.is_some_and(|(_, number)| is_number(number)) && after.split('_').all(is_number)
}

/// The walsender that streams through a slot.
#[must_use]
pub fn through<'a>(senders: &'a [Sender], slot: &Slot) -> Option<&'a Sender> {
    let pid = slot.active_pid?;
    senders.iter().find(|sender| sender.pid == pid)
}

/// A standby's receiver. `None` while there is none: on a primary, and on a standby between two attempts.
///
/// # Errors
/// The server's error.
pub async fn receiver(reader: &Reader) -> Result<Option<Receiver>, ServerError> {
    let sql = "SELECT status, last_msg_send_time IS DISTINCT FROM last_msg_receipt_time, sender_host \
        FROM pg_catalog.pg_stat_wal_receiver WHERE pid IS NOT NULL";
    let row = reader.query_opt(sql, &[]).await?;
    Ok(row.map(|row| Receiver {
        status: row.get::<_, Option<&str>>(0).unwrap_or_default().into(),
        has_received: row.get(1),
        host: row.get(2),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_of_a_table_is_known_by_its_name() {
        for name in ["pg_16390_sync_16384_7577011", "my_slot_16390_sync_16384"] {
            assert!(copies_table(name), "{name}");
        }
        for name in ["pg_receivewal", "a_sync_b", "s_sync_1", "pg_1_sync_", "sub"] {
            assert!(!copies_table(name), "{name}");
        }
    }
}
