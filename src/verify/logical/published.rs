//! What a subscription's publications publish, asked of the publisher.

use serde::Deserialize;
use tokio_postgres::Client;

use crate::name::ObjectName;
use crate::plan::PlannedSubscription;
use crate::postgres::client::words;
use crate::verify::probe::{How, ProbeRow, Sought};

/// What a subscription's publications say of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    /// Its schema and name, quoted.
    pub(super) table: String,
    /// The columns that are published.
    pub(super) columns: Vec<String>,
    /// Any of these lets a row through; none does so with every row.
    pub(super) filters: Vec<String>,
}

/// Which kinds of changes are published.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Operations {
    pub(super) insert: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
}

/// A row of `pg_publication_tables` (manual, 54.17), whose later columns older servers lack.
#[derive(Debug, Deserialize)]
struct TableRow {
    schemaname: String,
    tablename: String,
    attnames: Option<Vec<String>>,
    rowfilter: Option<String>,
}

/// Asks the publisher what it publishes.
pub(super) async fn ask(
    publisher: &Client,
    subscription: &PlannedSubscription,
) -> Result<(Vec<Published>, Operations), String> {
    let names: Vec<&str> = subscription
        .publications
        .iter()
        .map(ObjectName::as_str)
        .collect();
    let sql = "SELECT bool_or(pubinsert), bool_or(pubupdate), bool_or(pubdelete), count(*) = cardinality($1::text[]) FROM pg_publication \
        WHERE pubname = ANY ($1)";
    let row = publisher.query_one(sql, &[&names]).await.map_err(words)?;
    if !row.get::<_, bool>(3) {
        return Err(format!("a publication is gone: {}", names.join(", ")));
    }
    let operations = Operations {
        insert: row.get(0),
        update: row.get(1),
        delete: row.get(2),
    };
    let sql = "SELECT to_json(t)::text, \
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = format('%I.%I', schemaname, tablename)::regclass \
        AND attnum > 0 AND NOT attisdropped AND attgenerated = '') \
        FROM pg_publication_tables AS t WHERE pubname = ANY ($1)";
    let rows = publisher.query(sql, &[&names]).await.map_err(words)?;
    let mut tables: Vec<Published> = Vec::new();
    for row in rows {
        let told: TableRow = serde_json::from_str(row.get(0)).map_err(|error| error.to_string())?;
        let table = format!("\"{}\".\"{}\"", told.schemaname, told.tablename);
        let columns = told.attnames.unwrap_or_else(|| row.get(1));
        match tables.iter_mut().find(|known| known.table == table) {
            // One publication without a filter lets everything through (manual, 29.4.5).
            Some(known) => match told.rowfilter {
                Some(filter) if !known.filters.is_empty() => known.filters.push(filter),
                _ => known.filters.clear(),
            },
            None => tables.push(Published {
                table,
                columns,
                filters: told.rowfilter.into_iter().collect(),
            }),
        }
    }
    Ok((tables, operations))
}

/// What is to be looked for of a row at the subscriber; `None` where its table is not published, or the row is the
/// user's own.
pub(super) fn sought<'a>(
    published: &'a [Published],
    row: &'a ProbeRow,
) -> Option<(Sought<'a>, &'a Published)> {
    if row.how != How::Inserted {
        return None;
    }
    let published = published
        .iter()
        .find(|published| published.table == row.table || published.table == row.relation)?;
    let sought = Sought {
        row,
        table: &published.table,
        columns: &published.columns,
    };
    Some((sought, published))
}
