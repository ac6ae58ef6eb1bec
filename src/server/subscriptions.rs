//! The subscriptions of a database, their workers, tables and counters: `pg_subscription` and what belongs to it
//! (manual: "System Catalogs" and "The Cumulative Statistics System").

use tokio_postgres::Row;

use super::client::Reader;
use super::conninfo::Conninfo;
use super::lsn::Lsn;
use super::server_error::ServerError;
use super::version::Version;

/// A subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its name.
    pub name: String,
    /// Its object identifier.
    pub oid: u32,
    /// The database that it belongs to.
    pub database: String,
    /// The hosts that it connects to, of which it takes the first that answers. None for the server's own machine and for
    /// one that connects through a foreign server.
    pub hosts: Vec<String>,
    /// The database there.
    pub remote_database: Option<String>,
    /// The publications.
    pub publications: Vec<String>,
    /// Whether it is enabled.
    pub is_enabled: bool,
    /// Whether a worker applies its changes now.
    pub is_applied: bool,
    /// Seconds for which that worker has run.
    pub applied_for: Option<f64>,
    /// The position in the publisher's WAL that its worker has received.
    pub received_lsn: Option<Lsn>,
    /// Its slot on the publisher.
    pub slot: Option<String>,
    /// How often applying a change has failed. Absent before PostgreSQL 15.
    pub apply_errors: Option<i64>,
    /// How often copying a table has failed, or since PostgreSQL 19 a sequence. Absent before PostgreSQL 15.
    pub sync_errors: Option<i64>,
    /// Its tables, by name. Empty if it belongs to another database than the one that was asked.
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

    /// Whether it has the rows of its copy and what was changed meanwhile.
    #[must_use]
    pub fn is_copied(self) -> bool {
        matches!(self.0, 's' | 'r')
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
    /// The host that it connects to: the first of several.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.hosts.first().map(String::as_str)
    }

    /// Whether a worker applies its changes, and has not only been started to fail again.
    ///
    /// A worker that fails is started again every five seconds, and runs for some milliseconds. Its failures are not all
    /// counted: one that finds no slot has applied nothing.
    #[must_use]
    pub fn stays_applied(&self) -> bool {
        /// The seconds after which a worker has not failed at once.
        const STAYS: f64 = 1.0;
        self.is_applied && self.applied_for.is_some_and(|run| run >= STAYS)
    }

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

/// The subscriptions of the database that is asked.
const HERE: &str = "WHERE s.subdbid = \
    (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) ";

fn sql(version: Version, only: &str) -> String {
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
        "SELECT s.subname::pg_catalog.text, d.datname::pg_catalog.text, s.subconninfo, s.subpublications, s.subenabled, \
         w.pid IS NOT NULL, extract(epoch FROM pg_catalog.clock_timestamp() - a.backend_start)::pg_catalog.float8, \
         w.received_lsn, s.subslotname::pg_catalog.text, {}, s.oid \
         FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid \
         LEFT JOIN pg_catalog.pg_stat_subscription AS w ON w.subid = s.oid AND w.relid IS NULL{leader} \
         LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = w.pid \
         {join}{only}ORDER BY 1, 2",
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
    let sql = sql(reader.version(), HERE);
    // Sent at once, and answered in one round trip.
    let (rows, tables) = tokio::try_join!(reader.query(&sql, &[]), async {
        reader.query(TABLES, &[]).await
    })?;
    Ok(rows.iter().map(|row| subscription(row, &tables)).collect())
}

/// All subscriptions of a server, by name, without their tables: `pg_subscription` is one for all databases.
///
/// # Errors
/// The server's error.
pub async fn everywhere(reader: &Reader) -> Result<Vec<Subscription>, ServerError> {
    let rows = reader.query(&sql(reader.version(), ""), &[]).await?;
    Ok(rows.iter().map(|row| subscription(row, &[])).collect())
}

fn subscription(row: &Row, tables: &[Row]) -> Subscription {
    let name: String = row.get(0);
    let conninfo: Option<&str> = row.get(2);
    let conninfo = Conninfo::parse(conninfo.unwrap_or_default());
    let own = tables.iter().filter(|row| row.get::<_, &str>(0) == name);
    let table = |row: &Row| SubscribedTable {
        name: row.get(1),
        state: TableState(row.get::<_, &str>(2).chars().next().unwrap_or(' ')),
    };
    Subscription {
        database: row.get(1),
        remote_database: conninfo.value("dbname").map(str::to_owned),
        hosts: conninfo.hosts().into_iter().map(str::to_owned).collect(),
        publications: row.get(3),
        is_enabled: row.get(4),
        is_applied: row.get(5),
        applied_for: row.get(6),
        received_lsn: row.get(7),
        slot: row.get(8),
        apply_errors: row.get(9),
        sync_errors: row.get(10),
        oid: row.get(11),
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
        assert!(!sql(Version(14), "").contains("pg_stat_subscription_stats"));
        for version in [15, 16, 17, 18] {
            assert!(sql(Version(version), "").contains("c.sync_error_count"));
        }
        let newest = sql(Version(19), "");
        assert!(newest.contains("c.sync_table_error_count + c.sync_seq_error_count"));
    }

    #[test]
    fn a_worker_that_applies_for_another_is_not_a_second_subscription() {
        assert!(!sql(Version(15), "").contains("leader_pid"));
        assert!(sql(Version(16), "").contains("w.leader_pid IS NULL"));
    }

    #[test]
    fn a_worker_must_run_for_a_while() {
        let mut found = Subscription {
            name: "s".to_owned(),
            oid: 16390,
            database: "d".to_owned(),
            remote_database: None,
            hosts: Vec::new(),
            publications: Vec::new(),
            is_enabled: true,
            is_applied: true,
            applied_for: Some(0.01),
            received_lsn: None,
            slot: None,
            apply_errors: Some(0),
            sync_errors: Some(0),
            tables: Vec::new(),
        };
        assert!(!found.stays_applied());
        found.applied_for = Some(3.0);
        assert!(found.stays_applied());
        found.is_applied = false;
        assert!(!found.stays_applied());
    }

    #[test]
    fn only_one_letter_means_ready() {
        let ready = |letter| TableState(letter).is_ready();
        assert!(ready('r') && !ready('s') && !ready('?'));
        assert_eq!(TableState('d').meaning(), "being copied");
    }
}
