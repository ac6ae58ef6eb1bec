//! The tables, columns and filters that a subscription's publications publish, read from the publisher.

use crate::failure::Failure;
use crate::name::ObjectName;
use crate::plan::PlannedSubscription;
use crate::server::client::{Reader, words};
use crate::server::subscriptions::Subscription;
use crate::server::{publications, refresh};
use crate::sql::quote::identifier;
use crate::verify::probe::{How, Inserted, ProbeRow, Sought};

/// One table, as a subscription's publications publish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    /// Its schema and name, quoted.
    pub(super) table: String,
    /// The same, quoted only if needed.
    pub(super) relation: String,
    /// The root of its partition tree, or itself, quoted.
    pub(super) root: String,
    /// The columns that are published.
    pub(super) columns: Vec<String>,
    /// The columns to which a subscriber gives its own value: computed, or with a default.
    pub(super) own: Vec<String>,
    /// The columns of its primary key, if all of them are published.
    pub(super) key: Vec<String>,
    /// The operations that are published for it.
    pub(super) operations: Operations,
    /// The row filters. A row passes if any of them is true; without filters every row passes.
    pub(super) filters: Vec<String>,
}

/// The operations that are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Operations {
    pub(super) insert: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
}

impl Operations {
    /// The operations of either: a table may be in several publications.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            insert: self.insert || other.insert,
            update: self.update || other.update,
            delete: self.delete || other.delete,
        }
    }
}

/// Reads from the publisher what it publishes.
pub(super) async fn ask(
    publisher: &Reader,
    subscription: &PlannedSubscription,
) -> Result<Vec<Published>, Failure> {
    let names: Vec<&str> = subscription
        .publications
        .iter()
        .map(ObjectName::as_str)
        .collect();
    let missing = publications::missing(publisher, &names).await;
    let missing = missing.map_err(words)?;
    if !missing.is_empty() {
        return Err(format!("a publication is gone: {}", missing.join(", ")).into());
    }
    let found = publications::tables(publisher, &names).await;
    let mut tables: Vec<Published> = Vec::new();
    for found in found.map_err(words)? {
        let quoted =
            |schema: &str, name: &str| format!("{}.{}", identifier(schema), identifier(name));
        let table = quoted(&found.schema, &found.name);
        let mut key = found.key;
        if !key.iter().all(|column| found.columns.contains(column)) {
            key.clear();
        }
        let [insert, update, delete] = found.operations;
        let operations = Operations {
            insert,
            update,
            delete,
        };
        match tables.iter_mut().find(|known| known.table == table) {
            Some(known) => {
                known.operations = known.operations.or(operations);
                match found.filter {
                    // A publication without a filter lets every row pass (manual: "Combining Multiple Row Filters").
                    Some(filter) if !known.filters.is_empty() => known.filters.push(filter),
                    _ => known.filters.clear(),
                }
            }
            None => tables.push(Published {
                table,
                relation: found.relation,
                root: quoted(&found.root.0, &found.root.1),
                key,
                columns: found.columns,
                own: found.own,
                operations,
                filters: found.filter.into_iter().collect(),
            }),
        }
    }
    Ok(tables)
}

/// Fails if a subscription does not know tables of its publications: waiting does not help.
pub(super) async fn refreshed(publisher: &Reader, found: &Subscription) -> Result<(), Failure> {
    let there = publications::publications(publisher).await;
    let missed = refresh::missed_by(found, &there.map_err(words)?);
    missed.map_or(Ok(()), |missed| Err(Failure::seen(missed)))
}

/// The values of a row to look for at the subscriber. `None` if its table is not published, or the row is the user's own.
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

/// The published tables in which no row can be looked for, each with the reason.
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
            // One partition of a partitioned table has the row.
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
    use crate::server::lsn::Lsn;
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
            lsn: Lsn(0),
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
