//! The tables that SQL files make, as far as that can be read from them without a server.
//!
//! Owns what `CREATE TABLE` says. Says that it does not know, rather than guess, where a file does anything that could make
//! or change a table in another way.

use std::ops::ControlFlow;

use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable, Expr, Ident, Statement, TableConstraint,
    visit_expressions,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::SqlFile;
use super::script::pieces;

/// A table, as its `CREATE TABLE` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Its schema: `public` where none is said.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ColumnShape>,
    /// The columns of its primary key; empty without one.
    pub key: Vec<String>,
}

/// A column, as far as replication asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Whether a row must bring a value for it.
    pub needs_value: bool,
}

/// First words of statements that neither make nor change a table.
const HARMLESS: &[&str] = &[
    "insert", "copy", "set", "select", "update", "delete", "truncate", "analyze", "vacuum",
    "comment", "grant", "revoke", "begin", "start", "commit", "end",
];
/// Second words of such statements that begin with `CREATE`.
const HARMLESS_CREATE: &[&str] = &[
    "index", "unique", "sequence", "view", "type", "domain", "schema",
];

/// The tables that the files make, or nothing where that cannot be told.
#[must_use]
pub fn tables(files: &[SqlFile]) -> Option<Vec<TableShape>> {
    let mut tables = Vec::new();
    for file in files {
        for piece in pieces(&file.text).ok()? {
            let mut words = piece.text.split_whitespace().map(str::to_ascii_lowercase);
            let (first, second) = (words.next()?, words.next().unwrap_or_default());
            match (first.as_str(), second.as_str()) {
                ("create", "table") => tables.push(table(piece.text)?),
                ("create", second) if HARMLESS_CREATE.contains(&second) => {}
                (first, _) if HARMLESS.contains(&first) => {}
                _ => return None,
            }
        }
    }
    Some(tables)
}

fn table(text: &str) -> Option<TableShape> {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, text).ok()?;
    let [Statement::CreateTable(create)] = parsed.as_slice() else {
        return None;
    };
    // Those have columns that are not written here.
    if create.query.is_some() || create.inherits.is_some() || create.like.is_some() {
        return None;
    }
    let mut parts: Vec<String> = create
        .name
        .0
        .iter()
        .filter_map(|part| part.as_ident().map(folded))
        .collect();
    let name = parts.pop()?;
    Some(TableShape {
        schema: parts.pop().unwrap_or_else(|| "public".to_owned()),
        name,
        columns: create.columns.iter().map(column).collect(),
        key: key(create),
    })
}

/// A name as PostgreSQL keeps it (manual, 4.1.1).
fn folded(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_lowercase(),
    }
}

fn column(column: &ColumnDef) -> ColumnShape {
    let has = |wanted: fn(&ColumnOption) -> bool| {
        column.options.iter().any(|option| wanted(&option.option))
    };
    let is_serial = column
        .data_type
        .to_string()
        .to_lowercase()
        .contains("serial");
    let not_null =
        has(|option| matches!(option, ColumnOption::NotNull | ColumnOption::PrimaryKey(_)));
    let filled = has(|option| {
        matches!(
            option,
            ColumnOption::Default(_) | ColumnOption::Generated { .. }
        )
    });
    ColumnShape {
        name: folded(&column.name),
        needs_value: not_null && !filled && !is_serial,
    }
}

fn key(create: &CreateTable) -> Vec<String> {
    let own = create.columns.iter().filter(|column| {
        let mut options = column.options.iter();
        options.any(|option| matches!(option.option, ColumnOption::PrimaryKey(_)))
    });
    let mut key: Vec<String> = own.map(|column| folded(&column.name)).collect();
    for constraint in &create.constraints {
        if let TableConstraint::PrimaryKey(primary) = constraint {
            key.extend(
                primary
                    .columns
                    .iter()
                    .filter_map(|index| match &index.column.expr {
                        Expr::Identifier(name) => Some(folded(name)),
                        _ => None,
                    }),
            );
        }
    }
    key
}

/// The columns that an expression looks at; nothing where it cannot be read.
#[must_use]
pub fn columns_of(expression: &str) -> Option<Vec<String>> {
    let mut parser = Parser::new(&PostgreSqlDialect {})
        .try_with_sql(expression)
        .ok()?;
    let parsed = parser.parse_expr().ok()?;
    let mut columns = Vec::new();
    let _: ControlFlow<()> = visit_expressions(&parsed, |expression| {
        match expression {
            Expr::Identifier(name) => columns.push(folded(name)),
            Expr::CompoundIdentifier(parts) => columns.extend(parts.last().map(folded)),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::builtin;
    use crate::name::DatasetName;

    fn file(text: &str) -> Vec<SqlFile> {
        vec![SqlFile {
            name: "my.sql".to_owned(),
            text: text.to_owned(),
        }]
    }

    #[test]
    fn the_shop_s_tables_are_read() {
        let name = DatasetName::new("shopping").expect("a name");
        let dataset = builtin(&name, None, None).expect("it is known");
        let tables = tables(&dataset.schema).expect("plain SQL");
        let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["products", "customers", "orders", "order_details"]);
        assert_eq!(tables[1].key, ["customer_id"]);
        let needed: Vec<_> = tables[1]
            .columns
            .iter()
            .filter(|column| column.needs_value)
            .map(|column| column.name.as_str())
            .collect();
        assert_eq!(needed, ["customer_name", "email"]);
    }

    #[test]
    fn names_fold_and_keys_may_stand_apart() {
        let text = "CREATE TABLE Sales.Orders (Id int, \"Day\" date NOT NULL DEFAULT now(), PRIMARY KEY (id, \"Day\"));\n\
                    INSERT INTO sales.orders VALUES (1);";
        let tables = tables(&file(text)).expect("plain SQL");
        assert_eq!(
            (tables[0].schema.as_str(), tables[0].name.as_str()),
            ("sales", "orders")
        );
        assert_eq!(tables[0].key, ["id", "Day"]);
        assert!(!tables[0].columns[1].needs_value);
    }

    #[test]
    fn what_could_make_a_table_otherwise_is_not_guessed_at() {
        for text in [
            "DO $$ BEGIN EXECUTE 'CREATE TABLE a (b int)'; END $$",
            "CREATE TABLE a AS SELECT 1 AS b",
            "CREATE TABLE a (LIKE b)",
            "ALTER TABLE a ADD COLUMN b int",
            "CREATE EXTENSION hstore",
        ] {
            assert_eq!(tables(&file(text)), None, "{text}");
        }
    }

    #[test]
    fn an_expression_s_columns_are_found() {
        let found = columns_of("price > 10 AND (orders.total IS NULL OR lower(Name) = 'x')");
        assert_eq!(found.expect("SQL"), ["price", "total", "name"]);
        assert_eq!(columns_of("price >"), None);
    }
}
