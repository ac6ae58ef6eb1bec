//! The publications of a database and their tables: `pg_publication` and `pg_publication_tables`
//! (manual: "System Catalogs" and "System Views").

pub mod planned;

use tokio_postgres::Row;

use super::client::Reader;
use super::server_error::ServerError;
use super::version::Version;

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// Its tables, those of its schemas included, each with its schema, quoted where needed.
    pub tables: Vec<String>,
    /// For each of them the root of the partitioned table that it belongs to, or itself.
    pub roots: Vec<String>,
    /// The kinds of changes that it publishes: `insert`, `update`, `delete`, `truncate`.
    pub publish: Vec<String>,
}

/// One table of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Schema and name, quoted where needed.
    pub relation: String,
    /// The schema and the name of the table that it is a partition of, or its own.
    pub root: (String, String),
    /// The columns that are published.
    pub columns: Vec<String>,
    /// The columns that a subscriber gives a value of its own: computed, or with a default.
    pub own: Vec<String>,
    /// The columns of its primary key.
    pub key: Vec<String>,
    /// Whether INSERT, UPDATE and DELETE are published.
    pub operations: [bool; 3],
    /// The row filter. `None`: all rows are published.
    pub filter: Option<String>,
}

/// The publications of the database that `reader` is connected to, by name.
///
/// # Errors
/// The server's error.
pub async fn publications(reader: &Reader) -> Result<Vec<Publication>, ServerError> {
    let sql = "SELECT p.pubname::pg_catalog.text, \
        ARRAY(SELECT pg_catalog.format('%I.%I', t.schemaname, t.tablename) \
            FROM pg_catalog.pg_publication_tables AS t WHERE t.pubname = p.pubname ORDER BY 1), \
        pg_catalog.array_remove(ARRAY[CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, \
            CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END], NULL), \
        ARRAY(SELECT pg_catalog.format('%I.%I', rn.nspname, r.relname) FROM pg_catalog.pg_publication_tables AS t \
            JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.schemaname \
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename \
            JOIN pg_catalog.pg_class AS r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) \
            JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace WHERE t.pubname = p.pubname \
            ORDER BY pg_catalog.format('%I.%I', t.schemaname, t.tablename)) \
        FROM pg_catalog.pg_publication AS p ORDER BY 1";
    let rows = reader.query(sql, &[]).await?;
    let publication = |row: &Row| Publication {
        name: row.get(0),
        tables: row.get(1),
        publish: row.get(2),
        roots: row.get(3),
    };
    Ok(rows.iter().map(publication).collect())
}

/// Those of `names` that are no publication of the database that `reader` is connected to.
///
/// # Errors
/// The server's error.
pub async fn missing(reader: &Reader, names: &[&str]) -> Result<Vec<String>, ServerError> {
    let sql = "SELECT name FROM pg_catalog.unnest($1::pg_catalog.text[]) AS name \
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = name)";
    let rows = reader.query(sql, &[&names]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The columns and the filter that a publication names. Before PostgreSQL 15 it can name neither.
fn named(version: Version) -> &'static str {
    if version >= Version(15) {
        "t.attnames::pg_catalog.text[], t.rowfilter"
    } else {
        "NULL::pg_catalog.text[], NULL::pg_catalog.text"
    }
}

fn tables_sql(version: Version) -> String {
    format!(
        "SELECT t.schemaname::pg_catalog.text, t.tablename::pg_catalog.text, \
         pg_catalog.format('%I.%I', t.schemaname, t.tablename), rn.nspname::pg_catalog.text, r.relname::pg_catalog.text, \
         ARRAY(SELECT attname::pg_catalog.text FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum > 0 \
             AND NOT attisdropped AND attgenerated = '' ORDER BY attnum), \
         ARRAY(SELECT attname::pg_catalog.text FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum > 0 \
             AND NOT attisdropped AND (attgenerated <> '' OR atthasdef) ORDER BY attnum), \
         ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS a \
             ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::pg_catalog.int2[]) \
             WHERE i.indrelid = c.oid AND i.indisprimary), \
         p.pubinsert, p.pubupdate, p.pubdelete, {} \
         FROM pg_catalog.pg_publication_tables AS t JOIN pg_catalog.pg_publication AS p ON p.pubname = t.pubname \
         JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.schemaname \
         JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename \
         JOIN pg_catalog.pg_class AS r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) \
         JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace WHERE t.pubname = ANY ($1)",
        named(version)
    )
}

/// The tables of publications in the database that `reader` is connected to. A table in several publications is listed
/// once for each.
///
/// # Errors
/// The server's error.
pub async fn tables(reader: &Reader, names: &[&str]) -> Result<Vec<PublishedTable>, ServerError> {
    let rows = reader
        .query(&tables_sql(reader.version()), &[&names])
        .await?;
    Ok(rows.iter().map(table).collect())
}

fn table(row: &Row) -> PublishedTable {
    let columns: Option<Vec<String>> = row.get(11);
    PublishedTable {
        schema: row.get(0),
        name: row.get(1),
        relation: row.get(2),
        root: (row.get(3), row.get(4)),
        columns: columns.unwrap_or_else(|| row.get(5)),
        own: row.get(6),
        key: row.get(7),
        operations: [row.get(8), row.get(9), row.get(10)],
        filter: row.get(12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_filters_are_of_15_and_later() {
        assert!(!tables_sql(Version(14)).contains("rowfilter"));
        assert!(tables_sql(Version(15)).contains("t.rowfilter"));
    }
}
