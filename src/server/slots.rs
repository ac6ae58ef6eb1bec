//! The replication slots of a server: `pg_replication_slots` (manual: "System Views").

use tokio_postgres::Row;

use super::client::Reader;
use super::lsn::Lsn;
use super::position::{END, SHOWN};
use super::server_error::ServerError;
use super::version::Version;
use super::word::words;

words! {
    /// `pg_replication_slots.slot_type`.
    SlotKind {
        /// For a standby.
        Physical = "physical",
        /// For a subscription or another reader of decoded changes.
        Logical = "logical",
    }
}

words! {
    /// `pg_replication_slots.wal_status`: whether the WAL of a slot exists.
    WalStatus {
        /// Within `max_wal_size`.
        Reserved = "reserved",
        /// Beyond `max_wal_size`, and kept.
        Extended = "extended",
        /// Beyond `max_slot_wal_keep_size`: the next checkpoint may remove it.
        Unreserved = "unreserved",
        /// Removed: the slot is no longer usable.
        Lost = "lost",
    }
}

/// A replication slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: SlotKind,
    /// Whether a connection streams from it.
    pub is_active: bool,
    /// The process that streams from it.
    pub active_pid: Option<i32>,
    /// Whether its WAL exists. `None` for a slot that has reserved none yet.
    pub wal_status: Option<WalStatus>,
    /// The position that the reader of a logical slot has confirmed.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// Bytes of WAL that it retains.
    pub retained_bytes: Option<i64>,
    /// Bytes of WAL that the reader of a logical slot has not confirmed.
    pub unconfirmed_bytes: Option<i64>,
    /// Why it was invalidated: `wal_removed`, `rows_removed`, `idle_timeout`, … Absent before PostgreSQL 17.
    pub invalidation_reason: Option<String>,
    /// Whether it is a standby's copy of a failover slot of the primary's. Absent before PostgreSQL 17.
    pub is_synced: Option<bool>,
    /// Whether it goes with its session. A synced slot is temporary until it is ready, and a promotion drops it then.
    pub is_temporary: bool,
}

impl Slot {
    /// The value of a column that a person may ask for by its name in `pg_replication_slots`; `None` for NULL.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<String> {
        match name {
            "active" => Some(self.is_active.to_string()),
            "wal_status" => self.wal_status.as_ref().map(ToString::to_string),
            "invalidation_reason" => self.invalidation_reason.clone(),
            "synced" => self.is_synced.map(|_| self.is_ready().to_string()),
            _ => None,
        }
    }

    /// Whether it is a standby's copy of a failover slot that a promotion would keep.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_synced == Some(true) && self.unready().is_none()
    }

    /// Why a standby's copy of a failover slot is not ready (manual: "Replication Slot Synchronization").
    #[must_use]
    pub fn unready(&self) -> Option<String> {
        if self.is_synced != Some(true) {
            return None;
        }
        let lost = self.wal_status == Some(WalStatus::Lost);
        match &self.invalidation_reason {
            Some(reason) => Some(format!("it is invalidated: {reason}")),
            None if lost => Some("it is lost".to_owned()),
            None if self.is_temporary => Some(
                "it is temporary, and a promotion would drop it: the primary's slot has not advanced beyond what this \
                 standby retains"
                    .to_owned(),
            ),
            None => None,
        }
    }
}

/// The columns that depend on the version.
fn versioned(version: Version) -> &'static str {
    if version >= Version(17) {
        "s.invalidation_reason, s.synced"
    } else {
        "NULL::pg_catalog.text, NULL::pg_catalog.bool"
    }
}

fn sql(version: Version) -> String {
    format!(
        "SELECT s.slot_name::pg_catalog.text, s.slot_type, s.active, s.active_pid, s.wal_status, \
         s.confirmed_flush_lsn, \
         pg_catalog.pg_wal_lsn_diff(c.now, s.restart_lsn)::pg_catalog.int8, \
         pg_catalog.pg_wal_lsn_diff(c.shown, s.confirmed_flush_lsn)::pg_catalog.int8, s.temporary, {} \
         FROM pg_catalog.pg_replication_slots AS s CROSS JOIN (SELECT {END} AS now, {SHOWN} AS shown) AS c \
         ORDER BY s.slot_name",
        versioned(version)
    )
}

/// All slots of a server, by name.
///
/// # Errors
/// The server's error.
pub async fn slots(reader: &Reader) -> Result<Vec<Slot>, ServerError> {
    let rows = reader.query(&sql(reader.version()), &[]).await?;
    Ok(rows.iter().map(slot).collect())
}

fn slot(row: &Row) -> Slot {
    let word = |at: usize| row.get::<_, Option<&str>>(at);
    Slot {
        name: row.get(0),
        kind: word(1).unwrap_or_default().into(),
        is_active: row.get(2),
        active_pid: row.get(3),
        wal_status: word(4).map(WalStatus::from),
        confirmed_flush_lsn: row.get(5),
        retained_bytes: row.get(6),
        unconfirmed_bytes: row.get(7),
        is_temporary: row.get(8),
        invalidation_reason: row.get(9),
        is_synced: row.get(10),
    }
}

/// The slot of that name.
#[must_use]
pub fn named<'a>(slots: &'a [Slot], name: &str) -> Option<&'a Slot> {
    slots.iter().find(|slot| slot.name == name)
}

/// Creates physical slots, except those that exist. They reserve WAL immediately: by default a slot that was never used
/// retains nothing while a base backup runs.
///
/// # Errors
/// The server's error.
pub async fn create_physical(reader: &Reader, names: &[&str]) -> Result<(), ServerError> {
    let sql = "SELECT pg_catalog.pg_create_physical_replication_slot(name, true) \
        FROM pg_catalog.unnest($1::pg_catalog.text[]) AS name \
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = name)";
    Ok(reader.query(sql, &[&names]).await.map(drop)?)
}

/// Creates a logical slot for a subscription, in the database that `reader` is connected to.
///
/// # Errors
/// The server's error.
pub async fn create_logical(reader: &Reader, name: &str) -> Result<(), ServerError> {
    let sql = "SELECT pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')";
    Ok(reader.query(sql, &[&name]).await.map(drop)?)
}

/// Makes a primary log its running transactions. The creation of a logical slot on a standby waits for that record, which
/// a primary otherwise writes every 15 seconds (manual: "Logical Decoding Concepts"). PostgreSQL 16 and later.
///
/// # Errors
/// The server's error.
pub async fn log_standby_snapshot(reader: &Reader) -> Result<(), ServerError> {
    let sql = "SELECT pg_catalog.pg_log_standby_snapshot()";
    Ok(reader.batch_execute(sql).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_a_promotion_would_drop_is_not_ready() {
        let copy = Slot {
            name: "s".to_owned(),
            kind: SlotKind::Logical,
            is_active: false,
            active_pid: None,
            wal_status: Some(WalStatus::Reserved),
            confirmed_flush_lsn: None,
            retained_bytes: None,
            unconfirmed_bytes: None,
            invalidation_reason: None,
            is_synced: Some(true),
            is_temporary: false,
        };
        let synced = |slot: &Slot| slot.column("synced");
        let is = |value: &str| Some(value.to_owned());
        assert_eq!(synced(&copy), is("true"));
        let mut temporary = copy.clone();
        temporary.is_temporary = true;
        assert_eq!(synced(&temporary), is("false"));
        assert!(
            temporary
                .unready()
                .is_some_and(|why| why.contains("temporary"))
        );
        let mut lost = copy.clone();
        lost.invalidation_reason = Some("rows_removed".to_owned());
        assert_eq!(synced(&lost), is("false"));
        let mut own = temporary.clone();
        own.is_synced = Some(false);
        assert_eq!((synced(&own), own.unready()), (is("false"), None));
        // A server before 17 has no such column.
        own.is_synced = None;
        assert_eq!(synced(&own), None);
    }

    #[test]
    fn a_server_is_asked_for_the_columns_that_it_has() {
        assert!(!sql(Version(16)).contains("invalidation_reason"));
        assert!(sql(Version(17)).contains("s.invalidation_reason, s.synced"));
        assert!(sql(Version(19)).contains("s.invalidation_reason, s.synced"));
    }
}
