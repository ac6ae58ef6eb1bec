//! How a standby gets its WAL: its settings (manual: "Replication" of "Server Configuration"), and its receiver.

use super::client::Reader;
use super::conninfo::Conninfo;
use super::server_error::ServerError;

/// The upstream of a standby, as the standby is configured and as it is connected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upstream {
    /// The first host in `primary_conninfo`.
    pub configured: Option<String>,
    /// All hosts there, of which it takes the first that answers.
    pub hosts: Vec<String>,
    /// The host that its receiver is connected with, whether or not that serves it. The address if `primary_conninfo` has one
    /// for it.
    pub connected: Option<String>,
    /// The name that it gives itself there.
    pub application_name: String,
    /// Its slot there.
    pub slot: Option<String>,
    /// `recovery_min_apply_delay` in milliseconds.
    pub apply_delay_ms: u64,
}

const SQL: &str = "SELECT c.info, r.sender_host, \
    coalesce(nullif(pg_catalog.current_setting('cluster_name'), ''), 'walreceiver'), \
    coalesce(nullif(r.slot_name, ''), nullif(pg_catalog.current_setting('primary_slot_name'), '')), \
    (SELECT setting::pg_catalog.int8 FROM pg_catalog.pg_settings WHERE name = 'recovery_min_apply_delay') \
    FROM (SELECT pg_catalog.current_setting('primary_conninfo') AS info) AS c \
    LEFT JOIN pg_catalog.pg_stat_wal_receiver AS r ON r.pid IS NOT NULL \
    WHERE pg_catalog.pg_is_in_recovery()";

/// The upstream of a standby. `None` for a primary.
///
/// # Errors
/// The server's error.
pub async fn upstream(reader: &Reader) -> Result<Option<Upstream>, ServerError> {
    let row = reader.query_opt(SQL, &[]).await?;
    Ok(row.map(|row| {
        let conninfo: Option<&str> = row.get(0);
        let conninfo = Conninfo::parse(conninfo.unwrap_or_default());
        let (connected, fallback): (Option<&str>, String) = (row.get(1), row.get(2));
        let hosts = conninfo.hosts().into_iter().map(str::to_owned);
        let hosts: Vec<String> = hosts.collect();
        Upstream {
            configured: hosts.first().cloned(),
            hosts,
            connected: connected.map(|host| conninfo.reached(host).to_owned()),
            application_name: conninfo
                .value("application_name")
                .map_or(fallback, str::to_owned),
            slot: row.get(3),
            apply_delay_ms: row.get::<_, i64>(4).try_into().unwrap_or_default(),
        }
    }))
}
