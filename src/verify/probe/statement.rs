//! The SQL of probes: pure text.

use std::collections::BTreeSet;

use super::ProbeRow;
use super::order::required;
use super::value::value;
use crate::server::catalog::{Column, ForeignKey, Table};
use crate::sql::quote::{identifier, literal};

/// How much of a row is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Every column that we can write, so that there is something to compare.
    Full,
    /// Only what cannot be left out, for a table that refused more.
    Required,
}

/// What holds for all probes of one transaction.
pub(super) struct Writer<'a> {
    pub(super) tables: &'a [Table],
    pub(super) nonce: u32,
}

/// Which rows a foreign key may refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present<'a> {
    /// The tables whose probe is there when this one is inserted.
    pub(super) now: &'a BTreeSet<u32>,
    /// The tables whose probe is there at the end of the transaction.
    pub(super) later: &'a BTreeSet<u32>,
}

/// What a column of an INSERT gets.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    Literal(String),
    Null,
    /// What the parent's existing row has: the foreign key's number, and the parent's column.
    Existing(usize, String),
    /// Nothing is said: its default, or NULL.
    Silent,
}

/// Where a foreign key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parent {
    Probe,
    Existing,
    Nowhere,
}

/// `RETURNING` of every probe: the table that holds the row, and its place. Of a row that goes into a partition
/// PostgreSQL tells no `xmin` here.
const PLACE: &str = "(pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, tableoid, 0)).identity, ctid";

impl Writer<'_> {
    /// The INSERT of a probe into `table`.
    pub(super) fn insert(&self, table: &Table, fill: Fill, present: Present<'_>) -> String {
        let parents: Vec<Parent> = table
            .foreign_keys
            .iter()
            .map(|key| parent(table, key, present))
            .collect();
        let cells: Vec<(&Column, Cell)> = table
            .columns
            .iter()
            .map(|column| (column, self.cell(table, column, fill, &parents)))
            .filter(|(_, cell)| *cell != Cell::Silent)
            .collect();
        let name = qualified(table);
        if cells.is_empty() {
            return format!("INSERT INTO {name} DEFAULT VALUES RETURNING {PLACE}");
        }
        let columns = list(cells.iter().map(|(column, _)| identifier(&column.name)));
        let values = list(cells.iter().map(|(_, cell)| match cell {
            Cell::Literal(text) => literal(text),
            Cell::Existing(key, column) => format!("parent_{key}.{}", identifier(column)),
            Cell::Null | Cell::Silent => "NULL".to_owned(),
        }));
        let existing: BTreeSet<usize> = cells
            .iter()
            .filter_map(|(_, cell)| match cell {
                Cell::Existing(key, _) => Some(*key),
                _ => None,
            })
            .collect();
        let source = if existing.is_empty() {
            format!("VALUES ({values})")
        } else {
            // One row for all columns of a key; none where the parent is empty, and then nothing is inserted.
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

    fn cell(&self, table: &Table, column: &Column, fill: Fill, parents: &[Parent]) -> Cell {
        if column.generated {
            return Cell::Silent;
        }
        let keys = table.foreign_keys.iter().enumerate();
        let mut refers = keys
            .filter(|(_, key)| key.columns.contains(&column.name))
            .peekable();
        if refers.peek().is_some() {
            let mut found = Cell::Null;
            for (number, key) in refers {
                match parents[number] {
                    Parent::Nowhere if !column.not_null => return Cell::Null,
                    Parent::Existing => {
                        let name = referenced(key, &column.name);
                        found = Cell::Existing(number, name.unwrap_or_default().to_owned());
                    }
                    // Of a key that leads nowhere another column is NULL, so this one may be anything.
                    Parent::Probe | Parent::Nowhere if found == Cell::Null => {
                        found = self
                            .literal(table, column, &mut Vec::new())
                            .map_or(Cell::Null, Cell::Literal);
                    }
                    Parent::Probe | Parent::Nowhere => {}
                }
            }
            return found;
        }
        // A key is always given: a row that refers to this one has to say the same.
        let wanted = column.sequence
            || column.unique
            || (!column.default && (column.not_null || (fill == Fill::Full && !column.checked)));
        if !wanted {
            return Cell::Silent;
        }
        self.value(table, column)
            .map_or(Cell::Silent, Cell::Literal)
    }

    /// What the probe of `table` has in `column`: what the parent's probe has, where it refers to one.
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

    /// A value for a column. In a table where rows may be the same, numbers tell ours from the user's.
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

/// The place of some row that nobody has locked.
pub(super) fn any_row(table: &Table) -> String {
    let only = if table.partitioned { "" } else { "ONLY " };
    format!(
        "SELECT {PLACE} FROM {only}{} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
        qualified(table)
    )
}

/// The UPDATE that leaves a row as it is; `None` where no column can be written.
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

/// The numbers that have one next to them.
const COUNTABLE: [&str; 6] = ["int2", "int4", "int8", "float4", "float8", "numeric"];

/// The UPDATE that changes a row in a column that nothing depends on; `None` where there is none.
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
    // Another value of the same length: what is changed must fit as well as what it was.
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
mod tests {
    use super::*;
    use crate::server::catalog::DataType;

    fn column(name: &str, kind: &str, category: &str) -> Column {
        Column {
            name: name.to_owned(),
            data_type: DataType {
                name: kind.to_owned(),
                kind: "b".to_owned(),
                category: category.to_owned(),
                modifier: -1,
                ..DataType::default()
            },
            not_null: true,
            ..Column::default()
        }
    }

    fn table(oid: u32, name: &str, columns: Vec<Column>) -> Table {
        let schema = "public".to_owned();
        Table {
            oid,
            schema,
            name: name.to_owned(),
            columns,
            ..Table::default()
        }
    }

    fn key(name: &str) -> Column {
        Column {
            unique: true,
            sequence: true,
            ..column(name, "int4", "N")
        }
    }

    fn refer(child: &mut Table, column: &str, parent: &Table, referenced: &str) {
        child.foreign_keys.push(ForeignKey {
            columns: vec![column.to_owned()],
            table: parent.oid,
            references: qualified(parent),
            referenced: vec![referenced.to_owned()],
            deferrable: false,
        });
    }

    fn insert(tables: &[Table], table: &Table, now: &[u32]) -> String {
        let writer = Writer { tables, nonce: 6 };
        let now: BTreeSet<u32> = now.iter().copied().collect();
        let present = Present {
            now: &now,
            later: &BTreeSet::new(),
        };
        let insert = writer.insert(table, Fill::Full, present);
        insert
            .split(" RETURNING ")
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    #[test]
    fn a_key_is_given_and_a_default_is_left_alone() {
        let status = Column {
            default: true,
            ..column("status", "text", "S")
        };
        let sum = Column {
            generated: true,
            ..column("sum", "int4", "N")
        };
        let orders = table(
            1,
            "orders",
            vec![key("id"), status, sum, column("paid", "bool", "B")],
        );
        assert_eq!(
            insert(&[], &orders, &[]),
            r#"INSERT INTO "public"."orders" ("id", "paid") OVERRIDING SYSTEM VALUE VALUES ('-7', 'true')"#
        );
    }

    #[test]
    fn a_child_refers_to_the_parents_probe_or_to_a_row_that_is_there() {
        let parent = table(1, "customers", vec![key("id")]);
        let mut child = table(2, "Orders \"old\"", vec![column("customer", "int4", "N")]);
        refer(&mut child, "customer", &parent, "id");
        let tables = [parent, child.clone()];
        assert_eq!(
            insert(&tables, &child, &[1]),
            r#"INSERT INTO "public"."Orders ""old""" ("customer") OVERRIDING SYSTEM VALUE VALUES ('-7')"#
        );
        assert_eq!(
            insert(&tables, &child, &[]),
            r#"INSERT INTO "public"."Orders ""old""" ("customer") OVERRIDING SYSTEM VALUE SELECT parent_0."id" FROM (SELECT "id" FROM "public"."customers" LIMIT 1) AS parent_0"#
        );
        child.columns[0].not_null = false;
        assert!(insert(&tables, &child, &[]).ends_with("VALUES (NULL)"));
    }

    #[test]
    fn a_key_that_is_handed_down_is_the_same_at_every_level() {
        let tenant = table(1, "tenant", vec![key("id")]);
        let mut user = table(2, "user", vec![column("tenant", "int4", "N")]);
        refer(&mut user, "tenant", &tenant, "id");
        let mut note = table(3, "note", vec![column("tenant", "int4", "N")]);
        refer(&mut note, "tenant", &user, "tenant");
        let tables = [tenant, user, note.clone()];
        assert!(insert(&tables, &note, &[1, 2]).ends_with("VALUES ('-7')"));
    }

    #[test]
    fn a_number_is_another_one_after_a_change_and_ours_where_there_is_no_key() {
        let plain = table(1, "plain", vec![column("a", "int4", "N")]);
        assert!(
            insert(&[], &plain, &[]).ends_with(r#"("a") OVERRIDING SYSTEM VALUE VALUES ('-7')"#)
        );
        let row = ProbeRow {
            table: qualified(&plain),
            relation: "public.plain".to_owned(),
            ctid: "(0,1)".to_owned(),
            xmin: "700".to_owned(),
            how: crate::verify::probe::How::Inserted,
            columns: vec!["a".to_owned()],
            values: vec![Some("-7".to_owned())],
        };
        let changed = change(&plain, &row).expect("a column to change");
        assert!(changed.contains(r#"CASE "a" WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE "a" + 1 END"#));
    }

    #[test]
    fn a_table_without_columns_takes_a_row() {
        let bare = table(1, "bare", Vec::new());
        assert_eq!(
            insert(&[], &bare, &[]),
            r#"INSERT INTO "public"."bare" DEFAULT VALUES"#
        );
        assert_eq!(touch(&bare, "public.bare", "(0,1)"), None);
    }
}
