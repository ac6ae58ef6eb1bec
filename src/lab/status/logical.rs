//! The publications and subscriptions that a node has now, whoever made them, and how they are doing.

use serde::Serialize;
use tokio_postgres::Client;

use crate::server::client::words;
use crate::server::logical::TABLE_STATES;

/// A publication as it is now (manual, 52.40).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicationStatus {
    /// Its name.
    pub name: String,
    /// Its tables, those of its schemas included: `public.products`.
    pub tables: Vec<String>,
    /// The kinds of changes that it publishes.
    pub publish: Vec<String>,
}

/// A subscription as it is now (manual, 52.54 and 27.2.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionStatus {
    /// Its name.
    pub name: String,
    /// The host that it connects to: a node's name.
    pub upstream: Option<String>,
    /// The publications.
    pub publications: Vec<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether a worker applies its changes now.
    pub active: bool,
    /// The log that it has received.
    pub received_lsn: Option<String>,
    /// Its tables.
    pub tables: Vec<TableStatus>,
    /// How often applying a change has failed. Absent before PostgreSQL 15.
    pub apply_errors: Option<i64>,
    /// How often copying a table has failed. Absent before PostgreSQL 15.
    pub sync_errors: Option<i64>,
    /// Its slot on the upstream.
    pub slot: Option<LogicalSlot>,
    /// Why it does not get on, where it does not: what its node's log says, and what to do.
    pub trouble: Option<String>,
}

/// One table of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its name.
    pub name: String,
    /// `srsubstate`: `i`, `d`, `f`, `s` or `r`.
    pub state: String,
    /// What that means: `being copied`, `ready`.
    pub meaning: String,
}

/// A subscription's slot (manual, 54.19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogicalSlot {
    /// Its name.
    pub name: String,
    /// Whether somebody reads from it; absent when the slot is.
    pub active: Option<bool>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<String>,
    /// How far the subscriber has confirmed.
    pub confirmed_flush_lsn: Option<String>,
    /// How many bytes of the upstream's log it has not confirmed.
    pub lag_bytes: Option<i64>,
}

impl SubscriptionStatus {
    /// Whether it is enabled, applied, and has all its tables.
    pub(super) fn is_healthy(&self) -> bool {
        self.enabled && self.active && self.tables.iter().all(|table| table.state == "r")
    }
}

/// The publications of the database that `client` is connected to.
pub(super) async fn publications(client: &Client) -> Result<Vec<PublicationStatus>, String> {
    let sql = "SELECT p.pubname::text, \
        ARRAY(SELECT format('%I.%I', t.schemaname, t.tablename) FROM pg_publication_tables AS t \
            WHERE t.pubname = p.pubname ORDER BY 1), \
        array_remove(ARRAY[CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END, \
            CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END], NULL) \
        FROM pg_publication AS p ORDER BY 1";
    let rows = client.query(sql, &[]).await.map_err(words)?;
    Ok(rows
        .iter()
        .map(|row| PublicationStatus {
            name: row.get(0),
            tables: row.get(1),
            publish: row.get(2),
        })
        .collect())
}

/// The subscriptions of the database that `client` is connected to, without their slots.
pub(super) async fn subscriptions(client: &Client) -> Result<Vec<SubscriptionStatus>, String> {
    let counters = client
        .query_one(
            "SELECT current_setting('server_version_num')::int >= 150000",
            &[],
        )
        .await
        .map_err(words)?
        .get(0);
    let (columns, join) = if counters {
        (
            "c.apply_error_count, c.sync_error_count",
            "LEFT JOIN pg_stat_subscription_stats AS c ON c.subid = s.oid",
        )
    } else {
        ("NULL::bigint, NULL::bigint", "")
    };
    let sql = format!(
        "SELECT s.subname::text, substring(s.subconninfo FROM 'host=([^ ]+)'), s.subpublications, s.subenabled, \
         t.pid IS NOT NULL, t.received_lsn::text, s.subslotname::text, {columns} FROM pg_subscription AS s \
         LEFT JOIN pg_stat_subscription AS t ON t.subid = s.oid AND t.relid IS NULL {join} \
         WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1"
    );
    let mut found = Vec::new();
    for row in client.query(&sql, &[]).await.map_err(words)? {
        let name: String = row.get(0);
        let tables = client
            .query(TABLE_STATES, &[&name.as_str()])
            .await
            .map_err(words)?;
        let table = |row: &tokio_postgres::Row| TableStatus {
            name: row.get(0),
            state: row.get(1),
            meaning: row.get(2),
        };
        found.push(SubscriptionStatus {
            upstream: row.get(1),
            publications: row.get(2),
            enabled: row.get(3),
            active: row.get(4),
            received_lsn: row.get(5),
            tables: tables.iter().map(table).collect(),
            apply_errors: row.get(7),
            sync_errors: row.get(8),
            slot: row.get::<_, Option<String>>(6).map(|name| LogicalSlot {
                name,
                active: None,
                wal_status: None,
                confirmed_flush_lsn: None,
                lag_bytes: None,
            }),
            trouble: None,
            name,
        });
    }
    Ok(found)
}

/// Adds what the upstream says of a subscription's slot.
pub(super) async fn slot(upstream: &Client, slot: &mut LogicalSlot) {
    let sql = "SELECT active, wal_status, confirmed_flush_lsn::text, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() \
        THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, confirmed_flush_lsn)::bigint \
        FROM pg_replication_slots WHERE slot_name = $1";
    if let Ok(row) = upstream.query_one(sql, &[&slot.name]).await {
        slot.active = row.get(0);
        slot.wal_status = row.get(1);
        slot.confirmed_flush_lsn = row.get(2);
        slot.lag_bytes = row.get(3);
    }
}
