//! The user tables of a database, as `pg_catalog` describes them.
//!
//! Owns the one query and the rows that it gives. Never decides what is done with a table.

use serde::Deserialize;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::server::server_error::ServerError;

/// All user tables of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Catalog {
    /// The tables whose rows replicate: ordinary ones and partitioned ones, by name. A partition is part of its
    /// root; temporary tables and those that belong to an extension are left out, and partitioned ones with an unlogged or
    /// a foreign partition.
    pub tables: Vec<Table>,
    /// The tables whose rows do not.
    pub local: Vec<LocalTable>,
}

/// A table whose rows stay where they are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LocalTable {
    /// Schema and name, quoted where needed.
    pub table: String,
    /// Why: "unlogged" or "foreign".
    pub kind: String,
}

/// A table whose rows replicate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Table {
    /// Its object identifier.
    pub oid: u32,
    /// Its schema, as it is.
    pub schema: String,
    /// Its name, as it is.
    pub name: String,
    /// Whether its rows are in partitions.
    pub partitioned: bool,
    /// The triggers and rules that fire whatever the `session_replication_role`: ENABLE ALWAYS, ENABLE REPLICA.
    pub always: Vec<String>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The columns of its primary key; empty without one.
    pub primary_key: Vec<String>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
}

/// A column.
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the catalog's, and each is true or false by itself"
)]
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Column {
    /// Its name, as it is.
    pub name: String,
    /// Its type, below any domain.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether NULL is refused, by the column or by its domain.
    pub not_null: bool,
    /// Whether it has a default that changes nothing.
    pub default: bool,
    /// Whether its default changes something: `serial`, an identity, or a volatile function of the user's.
    pub sequence: bool,
    /// Whether it is computed and so cannot be written.
    pub generated: bool,
    /// Whether it is `GENERATED ALWAYS AS IDENTITY`, which an UPDATE cannot write.
    pub identity_always: bool,
    /// Whether two rows may not both have its value, it alone or with others.
    pub unique: bool,
    /// Whether a CHECK, of the table or of a domain, looks at it.
    pub checked: bool,
}

/// A type, as far as it takes to write a value of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct DataType {
    /// `typname`: `int4`, `varchar`.
    pub name: String,
    /// `typtype`: `b` base, `c` composite, `e` enum, `r` range, `m` multirange.
    pub kind: String,
    /// `typcategory`: `N` numbers, `S` strings, `A` arrays.
    pub category: String,
    /// `atttypmod`, -1 without one.
    pub modifier: i32,
    /// An array's element type.
    pub element: Option<Box<DataType>>,
    /// An enum's first label.
    pub label: Option<String>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The object identifier of the table that is referred to.
    pub table: u32,
    /// That table's schema and name, quoted where needed.
    pub references: String,
    /// The columns that are referred to, in the same order.
    pub referenced: Vec<String>,
    /// Whether it can be checked at the end of a transaction.
    pub deferrable: bool,
}

/// Why the catalog was not read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The server refused or went away.
    #[error("reading the tables of the database")]
    Query(#[source] ServerError),
    /// The answer is not what the query asks for.
    #[error("understanding the tables of the database")]
    Answer(#[source] serde_json::Error),
}

/// Reads the tables of the database that `client` is connected to, in one round trip.
///
/// # Errors
/// [`CatalogError`] when the server refuses.
pub async fn read(client: &Client) -> Result<Catalog, CatalogError> {
    let answers = client.simple_query(CATALOG).await;
    let answers = answers.map_err(|error| CatalogError::Query(error.into()))?;
    let document = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    serde_json::from_str(document.unwrap_or("{}")).map_err(CatalogError::Answer)
}

/// A trigger of a table that a subscription writes to, which fires for replicated rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaTrigger {
    /// Its name.
    pub name: String,
    /// Its table's schema and name, quoted where needed.
    pub relation: String,
    /// The same, quoted in any case.
    pub table: String,
}

/// The triggers that fire for the rows that subscriptions bring (manual: "Logical Replication", "Architecture").
///
/// # Errors
/// The server's error.
pub async fn replica_triggers(client: &Client) -> Result<Vec<ReplicaTrigger>, ServerError> {
    let sql = "SELECT g.tgname::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname), \
        pg_catalog.format('\"%s\".\"%s\"', pg_catalog.replace(n.nspname, '\"', '\"\"'), pg_catalog.replace(c.relname, '\"', '\"\"')) \
        FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND g.tgenabled IN ('A', 'R') \
        AND g.tgtype OPERATOR(pg_catalog.&) 28 <> 0 \
        AND g.tgrelid IN (SELECT srrelid FROM pg_catalog.pg_subscription_rel) ORDER BY 2, 1";
    let rows = client.query(sql, &[]).await?;
    let trigger = |row: &tokio_postgres::Row| ReplicaTrigger {
        name: row.get(0),
        relation: row.get(1),
        table: row.get(2),
    };
    Ok(rows.iter().map(trigger).collect())
}

/// Whether a server has a database of that name.
///
/// # Errors
/// The server's error.
pub async fn has_database(client: &Client, name: &str) -> Result<bool, ServerError> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)";
    Ok(client.query_one(sql, &[&name]).await?.get(0))
}

/// One JSON document with the shape of [`Catalog`].
const CATALOG: &str = include_str!("catalog.sql");
