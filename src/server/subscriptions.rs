//! The subscriptions of a database, their workers, tables and counters: `pg_subscription` and what belongs to it
//! (manual: "System Catalogs" and "The Cumulative Statistics System").

use tokio_postgres::Row;

use super::client::Reader;
use super::lsn::Lsn;
use super::server_error::ServerError;
use super::version::Version;

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its name.
    pub name: String,
    /// The host that it connects to. `None` for one that connects through a foreign server.
    pub host: Option<String>,
    /// The database there.
    pub database: Option<String>,
    /// The publications.
    pub publications: Vec<String>,
    /// Whether it is enabled.
    pub is_enabled: bool,
    /// Whether a worker applies its changes now.
    pub is_applied: bool,
    /// The position in the publisher's WAL that its worker has received.
    pub received_lsn: Option<Lsn>,
    /// Its slot on the publisher.
    pub slot: Option<String>,
    /// How often applying a change has failed. Absent before PostgreSQL 15.
    pub apply_errors: Option<i64>,
    /// How often copying a table has failed, or since PostgreSQL 19 a sequence. Absent before PostgreSQL 15.
    pub sync_errors: Option<i64>,
    /// Its tables, by name.
    pub tables: Vec<SubscribedTable>,
}

/// A table of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedTable {
    /// Its name, with its schema where that is not `public`, quoted where needed.
    pub name: String,
    /// Its state.
    pub state: TableState,
}

/// `pg_subscription_rel.srsubstate`: the state of a table of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableState(pub char);

impl TableState {
    /// Whether it was copied and follows.
    #[must_use]
    pub fn is_ready(self) -> bool {
        self.0 == 'r'
    }

    /// The meaning of the letter.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self.0 {
            'i' => "waiting to be copied",
            'd' => "being copied",
            'f' => "copied",
            's' => "catching up",
            'r' => "ready",
            _ => "in a state that is not known",
        }
    }
}

impl Subscription {
    /// Its tables that do not follow yet.
    pub fn unready(&self) -> impl Iterator<Item = &SubscribedTable> {
        self.tables.iter().filter(|table| !table.state.is_ready())
    }
}

/// The counters: applying failed, copying failed. 19 counts sequences beside tables.
fn counters(version: Version) -> &'static str {
    match version.0 {
        ..15 => "NULL::pg_catalog.int8, NULL::pg_catalog.int8",
        15..19 => "c.apply_error_count, c.sync_error_count",
        19.. => "c.apply_error_count, c.sync_table_error_count + c.sync_seq_error_count",
    }
}

fn sql(version: Version) -> String {
    // Workers that apply one large transaction for another have no table either.
    let leader = if version >= Version(16) {
        " AND w.leader_pid IS NULL"
    } else {
        ""
    };
    let join = if version >= Version(15) {
        "LEFT JOIN pg_catalog.pg_stat_subscription_stats AS c ON c.subid = s.oid "
    } else {
        ""
    };
    format!(
        "SELECT s.subname::pg_catalog.text, \
         pg_catalog.substring(s.subconninfo, 'host\\s*=\\s*''?([^ '']+)'), s.subpublications, s.subenabled, \
         w.pid IS NOT NULL, w.received_lsn, s.subslotname::pg_catalog.text, {}, \
         pg_catalog.substring(s.subconninfo, 'dbname\\s*=\\s*''?([^ '']+)') \
         FROM pg_catalog.pg_subscription AS s \
         LEFT JOIN pg_catalog.pg_stat_subscription AS w ON w.subid = s.oid AND w.relid IS NULL{leader} \
         {join}WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
         ORDER BY 1",
        counters(version)
    )
}

const TABLES: &str = "SELECT s.subname::pg_catalog.text, CASE n.nspname WHEN 'public' \
    THEN pg_catalog.quote_ident(t.relname) \
    ELSE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname) END, \
    r.srsubstate::pg_catalog.text \
    FROM pg_catalog.pg_subscription_rel AS r JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid \
    JOIN pg_catalog.pg_class AS t ON t.oid = r.srrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace \
    WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
    ORDER BY 1, 2";

/// All subscriptions of the database that `reader` is connected to, by name.
///
/// # Errors
/// The server's error.
pub async fn subscriptions(reader: &Reader) -> Result<Vec<Subscription>, ServerError> {
    let sql = sql(reader.version());
    // Sent at once, and answered in one round trip.
    let (rows, tables) = tokio::try_join!(reader.query(&sql, &[]), async {
        reader.query(TABLES, &[]).await
    })?;
    Ok(rows.iter().map(|row| subscription(row, &tables)).collect())
}

fn subscription(row: &Row, tables: &[Row]) -> Subscription {
    let name: String = row.get(0);
    let own = tables.iter().filter(|row| row.get::<_, &str>(0) == name);
    let table = |row: &Row| SubscribedTable {
        name: row.get(1),
        state: TableState(row.get::<_, &str>(2).chars().next().unwrap_or(' ')),
    };
    Subscription {
        host: row.get(1),
        database: row.get(9),
        publications: row.get(2),
        is_enabled: row.get(3),
        is_applied: row.get(4),
        received_lsn: row.get(5),
        slot: row.get(6),
        apply_errors: row.get(7),
        sync_errors: row.get(8),
        tables: own.map(table).collect(),
        name,
    }
}

/// The subscription of that name.
#[must_use]
pub fn named<'a>(subscriptions: &'a [Subscription], name: &str) -> Option<&'a Subscription> {
    subscriptions.iter().find(|found| found.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_have_a_name_by_version() {
        assert!(!sql(Version(14)).contains("pg_stat_subscription_stats"));
        for version in [15, 16, 17, 18] {
            assert!(sql(Version(version)).contains("c.sync_error_count"));
        }
        let newest = sql(Version(19));
        assert!(newest.contains("c.sync_table_error_count + c.sync_seq_error_count"));
    }

    #[test]
    fn a_worker_that_applies_for_another_is_not_a_second_subscription() {
        assert!(!sql(Version(15)).contains("leader_pid"));
        assert!(sql(Version(16)).contains("w.leader_pid IS NULL"));
    }

    #[test]
    fn only_one_letter_means_ready() {
        let ready = |letter| TableState(letter).is_ready();
        assert!(ready('r') && !ready('s') && !ready('?'));
        assert_eq!(TableState('d').meaning(), "being copied");
    }
}
