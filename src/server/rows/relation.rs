//! A table as its server's catalog describes it, as far as a comparison of its rows needs it.

use crate::name::TableName;
use crate::server::client::Reader;
use crate::server::server_error::ServerError;
use crate::sql::quote::{self, identifier};

/// A table, a view, or whatever else has rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Relation {
    schema: String,
    name: String,
    /// Whether the rows of tables that inherit from it are left out.
    only: bool,
    pub(super) columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type below any domain, with `[]` for an array of it. Empty unless it is one of PostgreSQL's own.
    pub(super) data_type: String,
    pub(super) generated: bool,
    /// Its place in the primary key. A column that an index only INCLUDEs is not part of the key.
    pub(super) key: Option<i32>,
}

impl Relation {
    /// How a FROM names it.
    pub(super) fn from(&self) -> String {
        let only = if self.only { "ONLY " } else { "" };
        let (schema, name) = (identifier(&self.schema), identifier(&self.name));
        format!("{only}{schema}.{name} AS r")
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    #[cfg(test)]
    pub(super) fn of(columns: Vec<Column>) -> Self {
        Self {
            schema: "s".to_owned(),
            name: "t".to_owned(),
            only: false,
            columns,
        }
    }
}

/// The number of rows of a table.
///
/// # Errors
/// The server's error.
pub async fn count(reader: &Reader, table: &TableName) -> Result<u64, ServerError> {
    let sql = format!("SELECT pg_catalog.count(*) FROM {}", quote::table(table));
    let count: i64 = reader.query_one(&sql, &[]).await?.get(0);
    Ok(count.unsigned_abs())
}

/// The user's tables of a database, by name. A partition is part of its root. Unlogged tables are left out: a standby
/// has no rows of them.
///
/// # Errors
/// The server's error.
pub async fn tables(reader: &Reader) -> Result<Vec<TableName>, ServerError> {
    let sql = "SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text \
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' \
        AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1, 2";
    let rows = reader.query(sql, &[]).await?;
    let name = |row: &tokio_postgres::Row| TableName::known(row.get(0), row.get(1));
    Ok(rows.iter().map(name).collect())
}

/// A domain is followed down to what it is made of, and so is the element of an array.
const COLUMNS: &str = "WITH RECURSIVE relation AS ( \
        SELECT c.oid, c.relkind = 'r' AS plain FROM pg_catalog.pg_class AS c \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
    ), written AS ( \
        SELECT a.attnum, a.atttypid AS type, '' AS brackets FROM relation AS r \
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped \
        UNION ALL \
        SELECT w.attnum, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END, \
            CASE t.typtype WHEN 'd' THEN w.brackets ELSE w.brackets || '[]' END \
        FROM written AS w JOIN pg_catalog.pg_type AS t ON t.oid = w.type \
        WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0) \
    ) \
    SELECT r.plain, a.attname::pg_catalog.text, \
        CASE WHEN t.oid < 16384 THEN t.typname::pg_catalog.text || w.brackets ELSE '' END, a.attgenerated <> '', \
        pg_catalog.array_position((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1], a.attnum) \
    FROM relation AS r LEFT JOIN pg_catalog.pg_attribute AS a \
        ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped \
    LEFT JOIN written AS w ON w.attnum = a.attnum LEFT JOIN pg_catalog.pg_type AS t ON t.oid = w.type \
    LEFT JOIN pg_catalog.pg_index AS i ON i.indrelid = r.oid AND i.indisprimary \
    WHERE t.oid IS NULL OR NOT (t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)) ORDER BY a.attnum";

/// The table of that name; `None` if there is none. `only`: without the rows of tables that inherit from it, which are
/// compared by themselves.
///
/// # Errors
/// The server's error.
pub async fn relation(
    reader: &Reader,
    table: &TableName,
    only: bool,
) -> Result<Option<Relation>, ServerError> {
    let (schema, name) = (table.schema(), table.table());
    let rows = reader.query(COLUMNS, &[&schema, &name]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let plain: bool = first.get(0);
    let columns = rows.iter().filter_map(|row| {
        Some(Column {
            // A table may have no columns.
            name: row.get::<_, Option<String>>(1)?,
            data_type: row.get(2),
            generated: row.get(3),
            key: row.get(4),
        })
    });
    Ok(Some(Relation {
        schema: schema.to_owned(),
        name: name.to_owned(),
        only: only && plain,
        columns: columns.collect(),
    }))
}
