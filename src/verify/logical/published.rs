//! What a subscription's publications publish, asked of the publisher.

use serde::Deserialize;
use tokio_postgres::Client;

use crate::name::ObjectName;
use crate::plan::PlannedSubscription;
use crate::server::client::words;
use crate::sql::quote::identifier;
use crate::verify::probe::{How, Inserted, ProbeRow, Sought};

/// What a subscription's publications say of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    /// Its schema and name, quoted.
    pub(super) table: String,
    /// The same, quoted only where needed.
    pub(super) relation: String,
    /// The table that it is a partition of, or itself, quoted.
    pub(super) root: String,
    /// The columns that are published.
    pub(super) columns: Vec<String>,
    /// The columns that a subscriber gives a value of its own: computed, or with a default.
    pub(super) own: Vec<String>,
    /// The columns of its primary key, where all of them are published.
    pub(super) key: Vec<String>,
    /// Which changes of it are published.
    pub(super) operations: Operations,
    /// Any of these lets a row through; none does so with every row.
    pub(super) filters: Vec<String>,
}

/// Which kinds of changes are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Operations {
    pub(super) insert: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
}

impl Operations {
    /// What either publishes: a table may be in several publications.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            insert: self.insert || other.insert,
            update: self.update || other.update,
            delete: self.delete || other.delete,
        }
    }
}

/// A row of `pg_publication_tables` (manual, 54.17), whose later columns older servers lack.
#[derive(Debug, Deserialize)]
struct TableRow {
    schemaname: String,
    tablename: String,
    attnames: Option<Vec<String>>,
    rowfilter: Option<String>,
}

/// What the tables' own catalogs say beside that: the columns, those that fill themselves, the key and the root.
const TABLES: &str = "SELECT pg_catalog.to_json(t)::text, \
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped \
        AND attgenerated = ''), \
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped \
        AND (attgenerated <> '' OR atthasdef)), \
    ARRAY(SELECT a.attname::text FROM pg_index AS i JOIN pg_attribute AS a \
        ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[]) WHERE i.indrelid = c.oid AND i.indisprimary), \
    pg_catalog.format('%I.%I', t.schemaname, t.tablename), rn.nspname::text, r.relname::text, \
    p.pubinsert, p.pubupdate, p.pubdelete \
    FROM pg_publication_tables AS t JOIN pg_publication AS p USING (pubname) \
    JOIN pg_namespace AS n ON n.nspname = t.schemaname \
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename \
    JOIN pg_class AS r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) \
    JOIN pg_namespace AS rn ON rn.oid = r.relnamespace \
    WHERE t.pubname = ANY ($1)";

/// Asks the publisher what it publishes.
pub(super) async fn ask(
    publisher: &Client,
    subscription: &PlannedSubscription,
) -> Result<Vec<Published>, String> {
    let names: Vec<&str> = subscription
        .publications
        .iter()
        .map(ObjectName::as_str)
        .collect();
    let sql =
        "SELECT count(*) = cardinality($1::text[]) FROM pg_publication WHERE pubname = ANY ($1)";
    let row = publisher.query_one(sql, &[&names]).await.map_err(words)?;
    if !row.get::<_, bool>(0) {
        return Err(format!("a publication is gone: {}", names.join(", ")));
    }
    let rows = publisher.query(TABLES, &[&names]).await.map_err(words)?;
    let mut tables: Vec<Published> = Vec::new();
    for row in rows {
        let told: TableRow = serde_json::from_str(row.get(0)).map_err(|error| error.to_string())?;
        let quoted =
            |schema: &str, name: &str| format!("{}.{}", identifier(schema), identifier(name));
        let table = quoted(&told.schemaname, &told.tablename);
        let columns: Vec<String> = told.attnames.unwrap_or_else(|| row.get(1));
        let mut key: Vec<String> = row.get(3);
        if !key.iter().all(|column| columns.contains(column)) {
            key.clear();
        }
        let operations = Operations {
            insert: row.get(7),
            update: row.get(8),
            delete: row.get(9),
        };
        match tables.iter_mut().find(|known| known.table == table) {
            Some(known) => {
                known.operations = known.operations.or(operations);
                match told.rowfilter {
                    // One publication without a filter lets everything through (manual, 29.4.5).
                    Some(filter) if !known.filters.is_empty() => known.filters.push(filter),
                    _ => known.filters.clear(),
                }
            }
            None => tables.push(Published {
                table,
                relation: row.get(4),
                root: quoted(row.get(5), row.get(6)),
                key,
                columns,
                own: row.get(2),
                operations,
                filters: told.rowfilter.into_iter().collect(),
            }),
        }
    }
    Ok(tables)
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
        .find(|published| published.table == row.table || published.relation == row.relation)?;
    let sought = Sought {
        row,
        table: &published.table,
        columns: &published.columns,
        own: &published.own,
    };
    Some((sought, published))
}

/// The published tables in which no row can be looked for, each with why.
pub(super) fn left_out(published: &[Published], inserted: &Inserted) -> Vec<String> {
    let mut told: Vec<&str> = Vec::new();
    let mut left = Vec::new();
    for table in published {
        let root = table.root.as_str();
        if told.contains(&root) {
            continue;
        }
        let row = inserted.rows.iter().find(|row| row.table == root);
        let skipped = inserted
            .skipped
            .iter()
            .find(|skipped| skipped.table == root);
        let because = match (row.map(|row| &row.how), skipped) {
            // Of a partitioned table one partition has the row.
            (Some(How::Inserted), _) | (None, None) => continue,
            (Some(How::Updated { because }), _) => {
                format!("no row could be inserted ({because})")
            }
            (None, Some(skipped)) => skipped.because.clone(),
        };
        told.push(root);
        left.push(format!("{root} was left out: {because}"));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::probe::Skipped;

    fn published(table: &str, root: &str) -> Published {
        Published {
            table: table.to_owned(),
            relation: table.replace('"', ""),
            root: root.to_owned(),
            columns: Vec::new(),
            own: Vec::new(),
            key: Vec::new(),
            operations: Operations::default(),
            filters: Vec::new(),
        }
    }

    fn row(table: &str, relation: &str, how: How) -> ProbeRow {
        ProbeRow {
            table: table.to_owned(),
            relation: relation.to_owned(),
            ctid: String::new(),
            xmin: String::new(),
            how,
            columns: Vec::new(),
            values: Vec::new(),
        }
    }

    #[test]
    fn a_row_is_sought_in_the_partition_that_is_published() {
        let tables = [
            published(r#""s"."old""#, r#""s"."t""#),
            published(r#""s"."new""#, r#""s"."t""#),
        ];
        let row = row(r#""s"."t""#, "s.new", How::Inserted);
        let (sought, _) = sought(&tables, &row).expect("it is published");
        assert_eq!(sought.table, r#""s"."new""#);
    }

    #[test]
    fn a_table_without_a_row_of_ours_is_named_once_with_its_reason() {
        let tables = [
            published("a", "a"),
            published("b_1", "b"),
            published("b_2", "b"),
            published("c", "c"),
        ];
        let because = "it is full".to_owned();
        let inserted = Inserted {
            rows: vec![
                row("a", "a", How::Inserted),
                row("c", "c", How::Updated { because }),
            ],
            skipped: vec![Skipped {
                table: "b".to_owned(),
                because: "it has no partition".to_owned(),
            }],
            lsn: String::new(),
        };
        assert_eq!(
            left_out(&tables, &inserted),
            [
                "b was left out: it has no partition",
                "c was left out: no row could be inserted (it is full)"
            ]
        );
    }
}
