//! The number of rows in each of the user's tables.

use std::collections::BTreeMap;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::server_error::ServerError;
use crate::sql::quote::identifier;

/// Numbers of rows by table, `schema.table` as SQL writes it. The rows of partitions are their root's.
pub type RowCounts = BTreeMap<String, u64>;

/// The number of tables that are counted by one query.
const AT_ONCE: usize = 200;

/// Each table that holds rows, with the name of its root.
const TABLES: &str = "SELECT n.nspname, c.relname, rn.nspname, r.relname FROM pg_catalog.pg_class AS c \
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
    JOIN pg_catalog.pg_class AS r ON r.oid OPERATOR(pg_catalog.=) coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) \
    JOIN pg_catalog.pg_namespace AS rn ON rn.oid OPERATOR(pg_catalog.=) r.relnamespace \
    WHERE c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relpersistence OPERATOR(pg_catalog.<>) 't' \
    AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema' AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'";

/// Counts them. A table that somebody has locked is an error after two seconds.
///
/// # Errors
/// The server's error.
pub async fn row_counts(client: &Client) -> Result<RowCounts, ServerError> {
    let mut tables = Vec::new();
    for row in rows(client, TABLES).await? {
        let name = |schema: usize, table: usize| {
            let part = |at: usize| identifier(row.get(at).unwrap_or_default());
            format!("{}.{}", part(schema), part(table))
        };
        tables.push((name(0, 1), name(2, 3)));
    }
    let mut counts = RowCounts::new();
    for some in tables.chunks(AT_ONCE) {
        let each: Vec<String> = some
            .iter()
            .map(|(table, _)| format!("(SELECT pg_catalog.count(*) FROM ONLY {table})"))
            .collect();
        let sql = format!(
            "BEGIN; SET LOCAL lock_timeout = 2000; SELECT {}; COMMIT",
            each.join(", ")
        );
        let counted = rows(client, &sql).await;
        if counted.is_err() {
            // If this fails too, the next statement says why.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        let counted = counted?;
        let Some(row) = counted.first() else { continue };
        for (at, (_, root)) in some.iter().enumerate() {
            let count = row.get(at).and_then(|text| text.parse().ok());
            *counts.entry(root.clone()).or_default() += count.unwrap_or(0);
        }
    }
    Ok(counts)
}

async fn rows(
    client: &Client,
    sql: &str,
) -> Result<Vec<tokio_postgres::SimpleQueryRow>, ServerError> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.collect())
}
