//! The SQL of probes: pure text.

use std::collections::BTreeSet;

use super::ProbeRow;
use super::order::required;
use super::value::value;
use crate::server::catalog::{Column, ForeignKey, Table};
use crate::sql::quote::{identifier, literal};

/// The columns of a row that get a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every column that we can write, so that there is something to compare.
    Full,
    /// Only the columns that need a value, for a table that refused more.
    Required,
}

/// The writer of all probes of one transaction.
pub(super) struct ProbeWriter<'a> {
    pub(super) tables: &'a [Table],
    pub(super) nonce: u32,
}

/// The rows that a foreign key may reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present<'a> {
    /// The tables whose probe exists when this one is inserted.
    pub(super) now: &'a BTreeSet<u32>,
    /// The tables whose probe exists at the end of the transaction.
    pub(super) later: &'a BTreeSet<u32>,
}

/// The value of a column in an INSERT.
#[derive(Debug, Clone, PartialEq, Eq)]
enum InsertValue {
    Literal(String),
    Null,
    /// The value of an existing parent row: the number of the foreign key, and the parent's column.
    Existing(usize, String),
    /// No value: its default, or NULL.
    Silent,
}

/// The target of a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parent {
    Probe,
    Existing,
    Nowhere,
}

/// `RETURNING` of every probe: the table that holds the row, and its place. For a row of a partition, PostgreSQL does not
/// return `xmin` here.
const PLACE: &str = "(pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, tableoid, 0)).identity, ctid";

impl ProbeWriter<'_> {
    /// The INSERT of a probe into `table`.
    pub(super) fn insert(&self, table: &Table, fill: Extent, present: Present<'_>) -> String {
        let parents: Vec<Parent> = table
            .foreign_keys
            .iter()
            .map(|key| parent(table, key, present))
            .collect();
        let cells: Vec<(&Column, InsertValue)> = table
            .columns
            .iter()
            .map(|column| (column, self.cell(table, column, fill, &parents)))
            .filter(|(_, cell)| *cell != InsertValue::Silent)
            .collect();
        let name = qualified(table);
        if cells.is_empty() {
            return format!("INSERT INTO {name} DEFAULT VALUES RETURNING {PLACE}");
        }
        let columns = list(cells.iter().map(|(column, _)| identifier(&column.name)));
        let values = list(cells.iter().map(|(_, cell)| match cell {
            InsertValue::Literal(text) => literal(text),
            InsertValue::Existing(key, column) => format!("parent_{key}.{}", identifier(column)),
            InsertValue::Null | InsertValue::Silent => "NULL".to_owned(),
        }));
        let existing: BTreeSet<usize> = cells
            .iter()
            .filter_map(|(_, cell)| match cell {
                InsertValue::Existing(key, _) => Some(*key),
                _ => None,
            })
            .collect();
        let source = if existing.is_empty() {
            format!("VALUES ({values})")
        } else {
            // One row for all columns of a key. If the parent is empty there is none, and nothing is inserted.
            let from = list(existing.iter().map(|&number| {
                let key = &table.foreign_keys[number];
                let columns = list(key.referenced.iter().map(|name| identifier(name)));
                format!(
                    "(SELECT {columns} FROM {} LIMIT 1) AS parent_{number}",
                    key.references
                )
            }));
            format!("SELECT {values} FROM {from}")
        };
        format!("INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE {source} RETURNING {PLACE}")
    }

    fn cell(
        &self,
        table: &Table,
        column: &Column,
        fill: Extent,
        parents: &[Parent],
    ) -> InsertValue {
        if column.generated {
            return InsertValue::Silent;
        }
        let keys = table.foreign_keys.iter().enumerate();
        let mut refers = keys
            .filter(|(_, key)| key.columns.contains(&column.name))
            .peekable();
        if refers.peek().is_some() {
            let mut found = InsertValue::Null;
            for (number, key) in refers {
                match parents[number] {
                    Parent::Nowhere if !column.not_null => return InsertValue::Null,
                    Parent::Existing => {
                        let name = referenced(key, &column.name);
                        found = InsertValue::Existing(number, name.unwrap_or_default().to_owned());
                    }
                    // In a key without a target another column is NULL, so this one may have any value.
                    Parent::Probe | Parent::Nowhere if found == InsertValue::Null => {
                        found = self
                            .literal(table, column, &mut Vec::new())
                            .map_or(InsertValue::Null, InsertValue::Literal);
                    }
                    Parent::Probe | Parent::Nowhere => {}
                }
            }
            return found;
        }
        // A key always gets a value, because a row that references this one needs the same value.
        let wanted = column.sequence
            || column.unique
            || (!column.default && (column.not_null || (fill == Extent::Full && !column.checked)));
        if !wanted {
            return InsertValue::Silent;
        }
        self.value(table, column)
            .map_or(InsertValue::Silent, InsertValue::Literal)
    }

    /// The value of the probe of `table` in `column`. A column that references a parent has the value of the parent's
    /// probe.
    fn literal(
        &self,
        table: &Table,
        column: &Column,
        seen: &mut Vec<(u32, String)>,
    ) -> Option<String> {
        let here = (table.oid, column.name.clone());
        if !seen.contains(&here) {
            seen.push(here);
            let parent = table.foreign_keys.iter().find_map(|key| {
                let name = referenced(key, &column.name)?;
                let parent = self.tables.iter().find(|parent| parent.oid == key.table)?;
                let column = parent.columns.iter().find(|column| column.name == name)?;
                Some((parent, column))
            });
            if let Some((parent, column)) = parent {
                return self.literal(parent, column, seen);
            }
        }
        self.value(table, column)
    }

    /// A value for a column. In a table where rows may be equal, numbers tell our rows from the user's.
    fn value(&self, table: &Table, column: &Column) -> Option<String> {
        let keyless = table.columns.iter().all(|column| !column.unique);
        if keyless && !table.partitioned && !column.checked && column.data_type.category == "N" {
            let mut own = column.clone();
            own.unique = true;
            // A generated column may multiply it.
            return value(&own, self.nonce % 30_000);
        }
        value(column, self.nonce)
    }
}

fn parent(table: &Table, key: &ForeignKey, present: Present<'_>) -> Parent {
    if key.table == table.oid && required(table, key)
        || present.now.contains(&key.table)
        || key.deferrable && present.later.contains(&key.table)
    {
        Parent::Probe
    } else if required(table, key) {
        Parent::Existing
    } else {
        Parent::Nowhere
    }
}

fn referenced<'a>(key: &'a ForeignKey, column: &str) -> Option<&'a str> {
    let place = key.columns.iter().position(|name| name == column)?;
    key.referenced.get(place).map(String::as_str)
}

/// The SELECT of the place of some row that nobody has locked.
pub(super) fn any_row(table: &Table) -> String {
    let only = if table.partitioned { "" } else { "ONLY " };
    format!(
        "SELECT {PLACE} FROM {only}{} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
        qualified(table)
    )
}

/// The UPDATE that leaves a row as it is; `None` if no column can be written.
pub(super) fn touch(table: &Table, relation: &str, ctid: &str) -> Option<String> {
    let writable = |column: &&Column| !column.generated && !column.identity_always;
    let column = table
        .columns
        .iter()
        .filter(writable)
        .min_by_key(|column| column.unique)?;
    let name = identifier(&column.name);
    Some(format!(
        "UPDATE ONLY {relation} SET {name} = {name} WHERE ctid = {} RETURNING {PLACE}",
        literal(ctid)
    ))
}

/// The number types in which every value has a neighbour.
const COUNTABLE: [&str; 6] = ["int2", "int4", "int8", "float4", "float8", "numeric"];

/// The UPDATE that changes a column that nothing depends on; `None` if there is no such column.
pub(super) fn change(table: &Table, row: &ProbeRow) -> Option<String> {
    let free = |column: &&Column| {
        let refers = |key: &ForeignKey| key.columns.contains(&column.name);
        !(column.generated
            || column.identity_always
            || column.sequence
            || column.unique
            || column.checked
            || table.primary_key.contains(&column.name)
            || table.foreign_keys.iter().any(refers))
    };
    // The new value has the same length, so that it fits as well as the old one.
    let changed = |column: &Column| {
        let name = identifier(&column.name);
        match (
            column.data_type.kind.as_str(),
            column.data_type.category.as_str(),
        ) {
            // Beside 0 and 1 there are only negative ones.
            ("b", "N") if COUNTABLE.contains(&column.data_type.name.as_str()) => Some(format!(
                "CASE {name} WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE {name} + 1 END"
            )),
            ("b", "N") => Some(format!("CASE {name} WHEN 0 THEN 1 ELSE 0 END")),
            ("b", "S") => Some(format!("pg_catalog.reverse({name}::text)")),
            ("b", "B") => Some(format!("NOT {name}")),
            _ => None,
        }
    };
    let (column, value) = table
        .columns
        .iter()
        .filter(free)
        .find_map(|column| Some((column, changed(column)?)))?;
    Some(format!(
        "UPDATE ONLY {} SET {} = {value} WHERE ctid = {} AND xmin = {} RETURNING {PLACE}",
        row.relation,
        identifier(&column.name),
        literal(&row.ctid),
        literal(&row.xmin)
    ))
}

/// The SELECT of what this transaction has just written: its `xmin`, and then the columns.
pub(super) fn select_written(row: &ProbeRow) -> String {
    let columns = std::iter::once("xmin".to_owned());
    let columns = list(columns.chain(row.columns.iter().map(|name| identifier(name))));
    let ctid = literal(&row.ctid);
    format!(
        "SELECT {columns} FROM ONLY {} WHERE ctid = {ctid}",
        row.relation
    )
}

/// The SELECT of exactly this version of a row.
pub(super) fn select(row: &ProbeRow) -> String {
    let columns = list(row.columns.iter().map(|name| identifier(name)));
    format!("SELECT {columns} FROM ONLY {}", place(row))
}

/// The DELETE of exactly this version of a row.
pub(super) fn delete(row: &ProbeRow) -> String {
    format!("DELETE FROM ONLY {}", place(row))
}

pub(super) fn place(row: &ProbeRow) -> String {
    let (ctid, xmin) = (literal(&row.ctid), literal(&row.xmin));
    format!("{} WHERE ctid = {ctid} AND xmin = {xmin}", row.relation)
}

/// A table's schema and name, quoted.
pub(in crate::verify) fn qualified(table: &Table) -> String {
    format!("{}.{}", identifier(&table.schema), identifier(&table.name))
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
