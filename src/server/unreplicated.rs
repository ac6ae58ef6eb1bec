//! What no row of a database tells of its replication: relations whose rows are not in the WAL, tables that no publication
//! has, tables without a replica identity.

use tokio_postgres::Row;

use super::client::Reader;
use super::server_error::ServerError;
use super::version::Version;
use super::word::words;

words! {
    /// Why a relation gets no row of a proof.
    Kind {
        /// Its rows are not in the WAL.
        Unlogged = "unlogged",
        /// It belongs to a session, and its rows are not in the WAL.
        Temporary = "temporary",
        /// Its rows are on another server.
        Foreign = "foreign",
        /// Its rows come from a query.
        MaterializedView = "materialized view",
        /// The rows of one of its partitions are not in the WAL.
        Partly = "partly unlogged",
        /// Its numbers are not in the WAL.
        UnloggedSequence = "unlogged sequence",
        /// An extension made it.
        Extension = "extension",
    }
}

/// A relation's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Schema and name, quoted where needed.
    pub shown: String,
    /// Its schema, as it is.
    pub schema: String,
    /// Its name, as it is.
    pub name: String,
}

impl Relation {
    fn read(row: &Row) -> Self {
        Self {
            shown: row.get(0),
            schema: row.get(1),
            name: row.get(2),
        }
    }
}

/// The relations of users: PostgreSQL's own identifiers are below 16384.
const OF_USERS: &str = "FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
    WHERE c.oid >= 16384 AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_toast%'";
/// Whether an extension made the relation.
const OF_EXTENSION: &str = "EXISTS (SELECT FROM pg_catalog.pg_depend AS d \
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')";
/// The columns of [`Relation`].
const NAME: &str = "pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown, n.nspname::pg_catalog.text AS schema, \
    c.relname::pg_catalog.text AS name";

/// The relations of the database that get no row of a proof, by name. Partitions are named by themselves. The temporary tables
/// of all sessions are in `pg_temp`: which numbers their schemas have is chance.
///
/// # Errors
/// The server's error.
pub async fn relations(reader: &Reader) -> Result<Vec<(Relation, Kind)>, ServerError> {
    let sql = format!(
        "SELECT DISTINCT CASE r.kind WHEN 'temporary' THEN pg_catalog.format('pg_temp.%I', r.name) ELSE r.shown END, \
             CASE r.kind WHEN 'temporary' THEN 'pg_temp' ELSE r.schema END, r.name, r.kind \
         FROM (SELECT {NAME}, CASE \
             WHEN c.relkind IN ('r', 'p') AND c.relpersistence = 't' THEN 'temporary' \
             WHEN {OF_EXTENSION} THEN CASE WHEN c.relkind IN ('r', 'p') THEN 'extension' END \
             WHEN c.relkind = 'f' THEN 'foreign' \
             WHEN c.relkind = 'p' AND EXISTS (SELECT FROM pg_catalog.pg_partition_tree(c.oid) AS t \
                 JOIN pg_catalog.pg_class AS p ON p.oid = t.relid WHERE p.relkind = 'f' OR p.relpersistence = 'u') \
                 THEN 'partly unlogged' \
             WHEN c.relkind = 'm' THEN 'materialized view' \
             WHEN c.relkind = 'S' AND c.relpersistence = 'u' THEN 'unlogged sequence' \
             WHEN c.relkind = 'r' AND c.relpersistence = 'u' THEN 'unlogged' END AS kind {OF_USERS}) AS r \
         WHERE r.kind IS NOT NULL ORDER BY 1"
    );
    let rows = reader.query(&sql, &[]).await?;
    let relation = |row: &Row| (Relation::read(row), row.get::<_, &str>(3).into());
    Ok(rows.iter().map(relation).collect())
}

/// The logged tables of the database that have rows and that none of these publications publishes, by name, neither as
/// themselves nor as partitions.
///
/// # Errors
/// The server's error.
pub async fn unpublished(reader: &Reader, names: &[&str]) -> Result<Vec<Relation>, ServerError> {
    let sql = format!(
        "SELECT {NAME} {OF_USERS} AND c.relkind = 'r' AND c.relpersistence = 'p' AND NOT {OF_EXTENSION} \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication_tables AS t \
             JOIN pg_catalog.pg_namespace AS m ON m.nspname = t.schemaname \
             JOIN pg_catalog.pg_class AS p ON p.relnamespace = m.oid AND p.relname = t.tablename \
             WHERE t.pubname = ANY ($1) AND (p.oid = c.oid \
                 OR p.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(c.oid) AS a))) ORDER BY 1"
    );
    let rows = reader.query(&sql, &[&names]).await?;
    Ok(rows.iter().map(Relation::read).collect())
}

/// The tables whose UPDATE or DELETE these publications publish and that have no replica identity, by name: both fail on
/// them (manual: "Publication"). A deferrable key is none.
///
/// # Errors
/// The server's error.
pub async fn unidentified(reader: &Reader, names: &[&str]) -> Result<Vec<Relation>, ServerError> {
    let sql = format!(
        "SELECT {NAME} {OF_USERS} AND c.relkind = 'r' AND c.relpersistence = 'p' \
         AND (c.relreplident = 'n' OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i \
                 WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid AND i.indimmediate) \
             OR c.relreplident = 'i' AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i \
                 WHERE i.indrelid = c.oid AND i.indisreplident)) \
         AND EXISTS (SELECT FROM pg_catalog.pg_publication_tables AS t \
             JOIN pg_catalog.pg_publication AS u ON u.pubname = t.pubname AND (u.pubupdate OR u.pubdelete) \
             JOIN pg_catalog.pg_namespace AS m ON m.nspname = t.schemaname \
             JOIN pg_catalog.pg_class AS p ON p.relnamespace = m.oid AND p.relname = t.tablename \
             WHERE t.pubname = ANY ($1) AND (p.oid = c.oid \
                 OR p.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(c.oid) AS a))) ORDER BY 1"
    );
    let rows = reader.query(&sql, &[&names]).await?;
    Ok(rows.iter().map(Relation::read).collect())
}

/// The numbers of sequences and of large objects, which subscriptions do not receive. Since PostgreSQL 19 a publication may
/// have the sequences.
///
/// # Errors
/// The server's error.
pub async fn uncopied(reader: &Reader) -> Result<[i64; 2], ServerError> {
    let sequences = if reader.version() >= Version(19) {
        "0::pg_catalog.int8".to_owned()
    } else {
        format!(
            "(SELECT pg_catalog.count(*) {OF_USERS} AND c.relkind = 'S' AND c.relpersistence <> 't' AND NOT {OF_EXTENSION})"
        )
    };
    let sql = format!(
        "SELECT {sequences}, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata)"
    );
    let row = reader.query_one(&sql, &[]).await?;
    Ok([row.get(0), row.get(1)])
}
