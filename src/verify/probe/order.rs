//! The order in which tables are written to: referenced tables come first.

use crate::server::catalog::{ForeignKey, Table};

/// `tables` with parents before children. In a cycle, a reference that can be NULL is ignored.
pub(super) fn parents_first(tables: &[Table]) -> Vec<&Table> {
    let mut waiting: Vec<&Table> = tables.iter().collect();
    let mut placed = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let next = position(&waiting, |_, _| true)
            .or_else(|| position(&waiting, required))
            .unwrap_or(0);
        placed.push(waiting.remove(next));
    }
    placed
}

/// The first table that references no other table in `waiting` by a foreign key that `counts`.
fn position(waiting: &[&Table], counts: impl Fn(&Table, &ForeignKey) -> bool) -> Option<usize> {
    waiting.iter().position(|table| {
        !table.foreign_keys.iter().any(|key| {
            key.table != table.oid
                && counts(table, key)
                && waiting.iter().any(|other| other.oid == key.table)
        })
    })
}

/// Whether the reference cannot be left NULL.
pub(super) fn required(table: &Table, key: &ForeignKey) -> bool {
    table
        .columns
        .iter()
        .filter(|column| key.columns.contains(&column.name))
        .all(|column| column.not_null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::catalog::Column;

    fn table(oid: u32, parents: &[(u32, bool)]) -> Table {
        let column = |parent: &u32| format!("to_{parent}");
        Table {
            oid,
            columns: parents
                .iter()
                .map(|(parent, not_null)| Column {
                    name: column(parent),
                    not_null: *not_null,
                    ..Column::default()
                })
                .collect(),
            foreign_keys: parents
                .iter()
                .map(|(parent, _)| ForeignKey {
                    table: *parent,
                    columns: vec![column(parent)],
                    ..ForeignKey::default()
                })
                .collect(),
            ..Table::default()
        }
    }

    fn order(tables: &[Table]) -> Vec<u32> {
        parents_first(tables)
            .iter()
            .map(|table| table.oid)
            .collect()
    }

    #[test]
    fn a_parent_comes_before_its_children() {
        assert_eq!(
            order(&[
                table(1, &[(2, true)]),
                table(2, &[(3, true)]),
                table(3, &[])
            ]),
            [3, 2, 1]
        );
    }

    #[test]
    fn a_table_that_refers_to_itself_waits_for_nobody() {
        assert_eq!(order(&[table(1, &[(1, true)]), table(2, &[])]), [1, 2]);
    }

    #[test]
    fn in_a_cycle_the_nullable_reference_gives_way() {
        assert_eq!(
            order(&[table(1, &[(2, true)]), table(2, &[(1, false)])]),
            [2, 1]
        );
        assert_eq!(
            order(&[table(1, &[(2, true)]), table(2, &[(1, true)])]),
            [1, 2]
        );
    }
}
