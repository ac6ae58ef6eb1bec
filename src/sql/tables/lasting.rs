//! The tables that SQL files leave behind, as far as the text says so. Unlike the shapes of tables it passes over what it does
//! not understand: a table that is missing here is one of which nothing is known.

use serde::{Deserialize, Serialize};

use super::{Body, table_name};
use crate::sql::SqlFile;
use crate::sql::cursor::Cursor;
use crate::sql::script::pieces;

/// A table whose rows are in the WAL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedTable {
    /// Its schema, as it is; default: `public`.
    pub schema: String,
    /// Its name, as it is.
    pub name: String,
    /// Whether it has a replica identity.
    pub identified: bool,
}

/// The tables that the files create and keep, and whose rows are in the WAL.
#[must_use]
pub fn logged(files: &[SqlFile]) -> Vec<LoggedTable> {
    let mut tables = Vec::new();
    for file in files {
        for piece in pieces(&file.text).unwrap_or_default() {
            take(&mut Cursor::new(piece.text), &mut tables);
        }
    }
    tables
}

fn take(cursor: &mut Cursor<'_>, tables: &mut Vec<LoggedTable>) -> Option<()> {
    if cursor.eat_words(&["CREATE", "TABLE"]) {
        cursor.eat_words(&["IF", "NOT", "EXISTS"]);
        let (schema, name) = table_name(cursor)?;
        let body = Body::read(cursor);
        tables.push(LoggedTable {
            schema,
            name,
            identified: body.is_some_and(|body| !body.key.is_empty()),
        });
        return Some(());
    }
    if cursor.eat_words(&["DROP", "TABLE"]) {
        cursor.eat_words(&["IF", "EXISTS"]);
        loop {
            let gone = table_name(cursor)?;
            tables.retain(|table| (&table.schema, &table.name) != (&gone.0, &gone.1));
            cursor.eat_symbol(',').then_some(())?;
        }
    }
    cursor.eat_words(&["ALTER", "TABLE"]).then_some(())?;
    cursor.eat_words(&["IF", "EXISTS"]);
    cursor.eat_word("ONLY");
    let which = table_name(cursor)?;
    let is_it = |table: &LoggedTable| (&table.schema, &table.name) == (&which.0, &which.1);
    let at = tables.iter().position(is_it)?;
    while cursor.peek().is_some() {
        if cursor.eat_words(&["SET", "UNLOGGED"]) {
            tables.remove(at);
            return Some(());
        }
        if cursor.eat_words(&["PRIMARY", "KEY"]) {
            tables[at].identified = true;
        } else if cursor.eat_words(&["REPLICA", "IDENTITY"]) {
            tables[at].identified = !cursor.is_word("NOTHING");
        } else {
            // It has another name from now on, which is not followed.
            if cursor.eat_words(&["RENAME", "TO"]) || cursor.eat_words(&["SET", "SCHEMA"]) {
                tables.remove(at);
                return Some(());
            }
            // What is dropped may be the key.
            tables[at].identified &= !cursor.is_word("DROP");
            cursor.take();
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, bool)> {
        let file = SqlFile {
            name: "x.sql".to_owned(),
            text: text.to_owned(),
        };
        let tables = logged(&[file]).into_iter();
        let shown = tables.map(|it| (format!("{}.{}", it.schema, it.name), it.identified));
        shown.collect()
    }

    fn is(tables: &[(&str, bool)]) -> Vec<(String, bool)> {
        let each = tables.iter();
        each.map(|(name, identified)| ((*name).to_owned(), *identified))
            .collect()
    }

    #[test]
    fn tables_are_found_beside_what_is_not_understood() {
        let text = "DO $$ BEGIN CREATE TABLE hidden (id int); END $$;
            CREATE TABLE a (id int PRIMARY KEY);
            CREATE UNLOGGED TABLE b (id int PRIMARY KEY);
            CREATE TEMP TABLE c (id int);
            CREATE TABLE s.\"D\" (id int, n int);
            CREATE TABLE e AS SELECT 1;
            CREATE FOREIGN TABLE f (id int) SERVER x;";
        let wanted = [("public.a", true), ("s.D", false), ("public.e", false)];
        assert_eq!(of(text), is(&wanted));
    }

    #[test]
    fn later_statements_change_what_a_table_is() {
        let text = "CREATE TABLE a (id int); ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);
            CREATE TABLE b (id int PRIMARY KEY); ALTER TABLE b SET UNLOGGED;
            CREATE TABLE c (id int PRIMARY KEY); ALTER TABLE IF EXISTS c REPLICA IDENTITY NOTHING;
            CREATE TABLE d (id int); ALTER TABLE d REPLICA IDENTITY FULL;
            CREATE TABLE e (id int); CREATE TABLE f (id int); DROP TABLE IF EXISTS e, f;
            CREATE TABLE g (id int); ALTER TABLE g RENAME TO h;";
        let wanted = [("public.a", true), ("public.c", false), ("public.d", true)];
        assert_eq!(of(text), is(&wanted));
    }
}
