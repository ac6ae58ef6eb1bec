//! In what a publication differs from what its `CREATE PUBLICATION` would make of the same database.
//!
//! The server makes the planned one under another name, in a transaction that it rolls back, and compares the two: it knows
//! best whether two filters are the same.

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::server::client::{LOCK_LIMIT_MS, identifier, literal};
use crate::server::server_error::ServerError;
use crate::server::version::Version;

/// The name of the publication that is rolled back.
const PLANNED: &str = "lab_verify_planned";

/// A difference between a publication and its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// There is no publication of that name.
    Gone,
    /// It publishes the changes of partitions as those of their root (`publish_via_partition_root`), or not, against the plan:
    /// whether it was planned. Its tables are others then, and are not compared.
    ViaRoot(bool),
    /// It publishes other operations: what it publishes, and what was planned.
    Operations([String; 2]),
    /// A table is not in it. What `ALTER PUBLICATION … ADD` takes to have it as planned, if that is possible.
    TableLeft(String, Option<String>),
    /// Other columns of a table are published: what is, and what was planned.
    Columns(String, [String; 2]),
    /// A table has another row filter: what is, and what was planned.
    Filter(String, [Option<String>; 2]),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let filter = |filter: &Option<String>| {
            let shown = filter.as_ref().map(|filter| format!("`{filter}`"));
            shown.unwrap_or_else(|| "none".to_owned())
        };
        match self {
            Self::Gone => f.write_str("it is gone"),
            Self::ViaRoot(true) => f.write_str(
                "it publishes partitions under their own names (planned: under their root's)",
            ),
            Self::ViaRoot(false) => f.write_str(
                "it publishes partitions under their root's name (planned: under their own)",
            ),
            Self::Operations([now, planned]) => {
                let now = if now.is_empty() { "nothing" } else { now };
                write!(f, "it publishes {now} (planned: {planned})")
            }
            Self::TableLeft(table, _) => write!(f, "the table {table} is not in it any more"),
            Self::Columns(table, [now, planned]) => {
                write!(
                    f,
                    "it publishes the columns {now} of {table} (planned: {planned})"
                )
            }
            Self::Filter(table, [now, planned]) => {
                let (now, planned) = (filter(now), filter(planned));
                write!(f, "the row filter of {table} is {now} (planned: {planned})")
            }
        }
    }
}

/// The differences of a publication from the statement that was planned to create it.
///
/// # Errors
/// The server's error: also if it would not create the planned one now, because a table or a column of it is gone.
pub async fn differences(
    client: &Client,
    version: Version,
    name: &str,
    create: &str,
) -> Result<Vec<Difference>, ServerError> {
    let own = format!("CREATE PUBLICATION {} ", identifier(name));
    let Some(what) = create.strip_prefix(&own) else {
        return Ok(Vec::new());
    };
    let mut answers = Vec::new();
    for message in client.simple_query(&batch(version, name, what)).await? {
        if let SimpleQueryMessage::Row(row) = message {
            answers.push(row);
        }
    }
    Ok(read(&answers))
}

/// One query message without BEGIN is one transaction, so a failure leaves none behind.
fn batch(version: Version, name: &str, what: &str) -> String {
    let (columns, filter) = if version >= Version(15) {
        ("attnames::pg_catalog.text", "rowfilter")
    } else {
        ("NULL::pg_catalog.text", "NULL::pg_catalog.text")
    };
    let operations = |of: &str| {
        let each = ["insert", "update", "delete", "truncate"];
        let each = each.map(|word| format!("CASE WHEN {of}.pub{word} THEN '{word}' END"));
        format!("pg_catalog.concat_ws(', ', {})", each.join(", "))
    };
    let tables = |name: &str| {
        format!(
            "(SELECT schemaname, tablename, {columns} AS columns, {filter} AS filter \
             FROM pg_catalog.pg_publication_tables WHERE pubname = {})",
            literal(name)
        )
    };
    format!(
        "SET TRANSACTION READ WRITE; SET LOCAL lock_timeout = {LOCK_LIMIT_MS}; \
         SET LOCAL session_replication_role = replica; \
         CREATE PUBLICATION {} {what}; \
         SELECT 'publication', p.oid IS NULL, {}, {}, p.pubviaroot, m.pubviaroot FROM pg_catalog.pg_publication AS m \
             LEFT JOIN pg_catalog.pg_publication AS p ON p.pubname = {} WHERE m.pubname = {}; \
         SELECT 'table', p.tablename IS NULL, p.columns, m.columns, p.filter, m.filter, \
             pg_catalog.format('%I.%I', m.schemaname, m.tablename), {} FROM {} AS m LEFT JOIN {} AS p \
             ON p.schemaname = m.schemaname AND p.tablename = m.tablename ORDER BY 7; \
         ROLLBACK",
        identifier(PLANNED),
        operations("p"),
        operations("m"),
        literal(name),
        literal(PLANNED),
        added(version),
        tables(PLANNED),
        tables(name)
    )
}

/// What `ALTER PUBLICATION … ADD` takes to have the table `m` as the planned publication has it: with its columns and its
/// filter, as a part of its root, or by its schema.
fn added(version: Version) -> String {
    let has_more = version >= Version(15);
    let (columns, filter) = if has_more {
        (
            "(SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' FROM pg_catalog.pg_attribute AS a \
                 WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::pg_catalog.int2[]))",
            "' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')'",
        )
    } else {
        ("''", "''")
    };
    let own = "(SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname = m.schemaname AND c.relname = m.tablename)";
    let of_planned = format!(
        "(SELECT oid FROM pg_catalog.pg_publication WHERE pubname = {})",
        literal(PLANNED)
    );
    let of_table = format!(
        "(SELECT pg_catalog.format('TABLE %I.%I%s%s', n.nspname, c.relname, {columns}, {filter}) \
         FROM pg_catalog.pg_publication_rel AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.prrelid \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE r.prpubid = {of_planned} \
         AND (r.prrelid = {own} OR r.prrelid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors({own}) AS a)) LIMIT 1)"
    );
    if !has_more {
        return of_table;
    }
    format!(
        "coalesce({of_table}, (SELECT pg_catalog.format('TABLES IN SCHEMA %I', n.nspname) \
         FROM pg_catalog.pg_publication_namespace AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.pnnspid \
         WHERE s.pnpubid = {of_planned} AND n.nspname = m.schemaname))"
    )
}

/// What the two answers say.
fn read(rows: &[SimpleQueryRow]) -> Vec<Difference> {
    let rows = rows.iter().map(|row| {
        let text = |at: usize| (at < row.len()).then(|| row.get(at)).flatten();
        [0, 1, 2, 3, 4, 5, 6, 7].map(|at| text(at).map(str::to_owned))
    });
    judge(rows)
}

fn judge(rows: impl IntoIterator<Item = [Option<String>; 8]>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut is_comparable = true;
    for [what, is_missing, now, planned, own, meant, table, added] in rows {
        let is_missing = is_missing.as_deref() == Some("t");
        let both = [now, planned].map(Option::unwrap_or_default);
        let differs = both[0] != both[1];
        match (what.as_deref(), table) {
            (Some("publication"), _) if is_missing => return vec![Difference::Gone],
            (Some("publication"), _) => {
                is_comparable = own == meant;
                if !is_comparable {
                    found.push(Difference::ViaRoot(meant.as_deref() == Some("t")));
                }
                if differs {
                    found.push(Difference::Operations(both));
                }
            }
            (Some("table"), Some(table)) if is_comparable => {
                if is_missing {
                    found.push(Difference::TableLeft(table, added));
                    continue;
                }
                let braces = |list: String| list.replace(['{', '}'], "").replace(',', ", ");
                if differs {
                    found.push(Difference::Columns(table.clone(), both.map(braces)));
                }
                if own != meant {
                    found.push(Difference::Filter(table, [own, meant]));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 8]) -> [Option<String>; 8] {
        cells.map(|cell| (!cell.is_empty()).then(|| cell.to_owned()))
    }

    fn words(rows: &[[&str; 8]]) -> Vec<String> {
        let rows = rows.iter().copied().map(row);
        judge(rows).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_publication_lost_is_told() {
        let same = [
            "table", "f", "{a,b}", "{a,b}", "(a > 1)", "(a > 1)", "public.u", "",
        ];
        let found = words(&[
            [
                "publication",
                "f",
                "insert",
                "insert, delete",
                "f",
                "f",
                "",
                "",
            ],
            same,
            [
                "table",
                "t",
                "",
                "{a}",
                "",
                "",
                "public.t",
                "TABLE public.t",
            ],
            ["table", "f", "{a}", "{a,b}", "(a > 1)", "", "public.v", ""],
        ]);
        assert_eq!(
            found,
            [
                "it publishes insert (planned: insert, delete)",
                "the table public.t is not in it any more",
                "it publishes the columns a of public.v (planned: a, b)",
                "the row filter of public.v is `(a > 1)` (planned: none)"
            ]
        );
        let all = ["publication", "f", "insert", "insert", "f", "f", "", ""];
        assert_eq!(words(&[all, same]), <[&str; 0]>::default());
        let gone = ["publication", "t", "", "insert", "", "f", "", ""];
        assert_eq!(words(&[gone, same]), ["it is gone"]);
    }

    #[test]
    fn tables_are_not_compared_where_partitions_are_published_in_another_way() {
        let left = ["table", "t", "", "{a}", "", "", "public.root", ""];
        let own = ["publication", "f", "insert", "insert", "f", "t", "", ""];
        assert_eq!(
            words(&[own, left]),
            ["it publishes partitions under their own names (planned: under their root's)"]
        );
        let root = ["publication", "f", "insert", "insert", "t", "f", "", ""];
        assert_eq!(judge([root, left].map(row)), [Difference::ViaRoot(false)]);
    }

    #[test]
    fn columns_and_filters_are_of_15_and_later() {
        let older = batch(Version(14), "p", "FOR ALL TABLES");
        for newer in ["rowfilter", "prattrs", "prqual", "pg_publication_namespace"] {
            assert!(!older.contains(newer), "{newer}");
        }
        let batch = batch(Version(15), "p", "FOR ALL TABLES");
        assert!(batch.contains("rowfilter") && batch.ends_with("ROLLBACK"));
    }
}
