//! The tables that SQL files create, as far as that can be read without a server.
//!
//! Owns reading `CREATE TABLE`. Returns nothing instead of a guess if a file may create or change a table in another way.

mod lasting;

use super::SqlFile;
use super::cursor::Cursor;
use super::lexer::{Token, TokenKind};
use super::script::pieces;

pub use lasting::{LoggedTable, logged};

/// A table, as its `CREATE TABLE` defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Its schema; default: `public`.
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
    /// Whether an inserted row must have a value for it.
    pub needs_value: bool,
}

/// First words of statements that neither create nor change a table.
const HARMLESS: &[&str] = &[
    "insert", "copy", "set", "select", "update", "delete", "truncate", "analyze", "vacuum",
    "comment", "grant", "revoke", "begin", "start", "commit", "end",
];
/// Second words of such statements that begin with `CREATE`.
const HARMLESS_CREATE: &[&str] = &[
    "index", "unique", "sequence", "view", "type", "domain", "schema",
];
/// Types that imply a default.
const SERIAL: &[&str] = &[
    "serial",
    "serial2",
    "serial4",
    "serial8",
    "smallserial",
    "bigserial",
];

/// First words of table constraints, besides keys and `EXCLUDE`.
const CONSTRAINTS: &[&str] = &["check", "unique", "foreign"];
/// Words before a `DEFAULT` that is not the column's value.
const OF_ANOTHER: &[&str] = &["set", "storage", "compression"];

/// The tables that the files create; `None` if that cannot be told.
#[must_use]
pub fn tables(files: &[SqlFile]) -> Option<Vec<TableShape>> {
    let mut tables = Vec::new();
    for file in files {
        for piece in pieces(&file.text).ok()? {
            let mut cursor = Cursor::new(piece.text);
            if cursor.eat_words(&["CREATE", "TABLE"]) {
                let table = table(cursor, &tables)?;
                tables.push(table);
                continue;
            }
            let harmless = if cursor.eat_word("CREATE") {
                HARMLESS_CREATE
            } else {
                HARMLESS
            };
            if !harmless.iter().any(|word| cursor.is_word(word)) {
                return None;
            }
        }
    }
    Some(tables)
}

/// Reads the text after `CREATE TABLE`.
fn table(mut cursor: Cursor<'_>, known: &[TableShape]) -> Option<TableShape> {
    cursor.eat_words(&["IF", "NOT", "EXISTS"]);
    let (schema, name) = table_name(&mut cursor)?;
    if cursor.eat_words(&["PARTITION", "OF"]) {
        let whole = table_name(&mut cursor)?;
        let mut known = known.iter();
        let whole = known.find(|table| (&table.schema, &table.name) == (&whole.0, &whole.1))?;
        // A partition may have more constraints than its parent.
        let (columns, key) = (whole.columns.clone(), whole.key.clone());
        return (!cursor.is_symbol('(')).then_some(TableShape {
            schema,
            name,
            columns,
            key,
        });
    }
    let body = Body::read(&mut cursor)?;
    // These have columns that are not written here.
    while let Some(token) = cursor.peek() {
        if token.is_word("INHERITS") || token.is_word("AS") {
            return None;
        }
        pass(&mut cursor)?;
    }
    Some(TableShape {
        schema,
        name,
        columns: body.shapes(),
        key: body.key,
    })
}

/// The schema and the name of a table.
fn table_name(cursor: &mut Cursor<'_>) -> Option<(String, String)> {
    let mut parts = cursor.qualified_name()?;
    let name = parts.pop()?;
    Some((parts.pop().unwrap_or_else(|| "public".to_owned()), name))
}

/// Skips one token, or everything in parentheses.
fn pass(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.is_symbol('(') || cursor.is_symbol('[') {
        return cursor.pass_enclosed();
    }
    let token = cursor.take()?;
    (!token.is_symbol(')') && !token.is_symbol(']')).then_some(())
}

/// The content of the parentheses of a `CREATE TABLE`.
#[derive(Default)]
struct Body {
    columns: Vec<Column>,
    key: Vec<String>,
    /// Whether the key may be checked at the end of a transaction, so that it identifies no row to replication.
    deferrable: bool,
    /// The columns that a table constraint makes `NOT NULL`.
    not_null: Vec<String>,
}

struct Column {
    name: String,
    not_null: bool,
    /// Whether the server has a value for it.
    filled: bool,
}

impl Body {
    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut body = Self::default();
        if !cursor.eat_symbol('(') {
            return None;
        }
        if cursor.eat_symbol(')') {
            return Some(body);
        }
        loop {
            body.element(cursor)?;
            if cursor.eat_symbol(')') {
                return Some(body);
            }
            if !cursor.eat_symbol(',') {
                return None;
            }
        }
    }

    /// Reads the text between two commas: a column, or a table constraint.
    fn element(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let named = cursor.eat_word("CONSTRAINT");
        if named {
            cursor.name()?;
        }
        let first = cursor.peek()?;
        if cursor.eat_words(&["PRIMARY", "KEY"]) {
            self.primary_key(cursor)?;
            self.deferrable |= is_deferrable(cursor);
        } else if cursor.eat_words(&["NOT", "NULL"]) {
            self.not_null.push(cursor.name()?);
        } else if !(CONSTRAINTS.iter().any(|word| first.is_word(word)) || excludes(cursor)) {
            // A table with LIKE has columns that are not written here.
            if named || first.is_word("LIKE") {
                return None;
            }
            return self.column(cursor);
        }
        while !ends_element(cursor) {
            pass(cursor)?;
        }
        Some(())
    }

    fn primary_key(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let mut comes = cursor.eat_symbol('(');
        while comes {
            self.key.push(cursor.name()?);
            cursor.eat_words(&["WITHOUT", "OVERLAPS"]);
            comes = cursor.eat_symbol(',');
        }
        cursor.eat_symbol(')').then_some(())
    }

    fn column(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let name = cursor.name()?;
        let is_type =
            |token: &Token<'_>| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        let kind = cursor.peek().filter(is_type)?;
        let mut column = Column {
            name,
            not_null: false,
            filled: SERIAL.iter().any(|serial| kind.is_word(serial)),
        };
        while !ends_element(cursor) {
            if cursor.eat_words(&["NOT", "NULL"]) {
                column.not_null = true;
            } else if cursor.eat_words(&["PRIMARY", "KEY"]) {
                self.key.push(column.name.clone());
                self.deferrable |= is_deferrable(cursor);
            } else if cursor.is_word("DEFAULT") || cursor.is_word("GENERATED") {
                column.filled = true;
                cursor.take();
            } else {
                // `ON DELETE SET DEFAULT` and the like are no default of the column.
                let other = OF_ANOTHER.iter().any(|word| cursor.is_word(word));
                pass(cursor)?;
                if other {
                    cursor.eat_word("DEFAULT");
                }
            }
        }
        self.columns.push(column);
        Some(())
    }

    fn shapes(&self) -> Vec<ColumnShape> {
        let required = |column: &Column| {
            column.not_null
                || self.not_null.contains(&column.name)
                || self.key.contains(&column.name)
        };
        let shape = |column: &Column| ColumnShape {
            name: column.name.clone(),
            needs_value: required(column) && !column.filled,
        };
        self.columns.iter().map(shape).collect()
    }
}

/// Whether a `DEFERRABLE` follows in the same element: of the constraint before, or of a later one.
fn is_deferrable(cursor: &Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    while ahead.peek().is_some() && !ends_element(&ahead) {
        if ahead.eat_words(&["NOT", "DEFERRABLE"]) {
            continue;
        }
        if ahead.is_word("DEFERRABLE") || ahead.eat_words(&["INITIALLY", "DEFERRED"]) {
            return true;
        }
        if pass(&mut ahead).is_none() {
            return false;
        }
    }
    false
}

fn ends_element(cursor: &Cursor<'_>) -> bool {
    cursor.is_symbol(',') || cursor.is_symbol(')')
}

/// Whether the next token is the key word `EXCLUDE` and not a column of that name.
fn excludes(cursor: &Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    ahead.eat_word("EXCLUDE") && (ahead.is_symbol('(') || ahead.is_word("USING"))
}

#[cfg(test)]
mod tests;
