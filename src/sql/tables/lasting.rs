//! The tables that SQL files leave behind, as far as the text says so. Unlike the shapes of tables it passes over what it does
//! not understand: a table that is missing here is one of which nothing is known.

use serde::{Deserialize, Serialize};

use super::{Body, is_deferrable, table_name};
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
    /// Whether it is known to have a replica identity.
    pub identified: bool,
}

/// The tables that the files create and keep, and whose rows are in the WAL. A name without a schema is another table once
/// the search path was changed: of what comes after that, only what may undo the tables before is read.
#[must_use]
pub fn logged(files: &[SqlFile]) -> Vec<LoggedTable> {
    let mut tables = Vec::new();
    let mut is_known = true;
    for file in files {
        for piece in pieces(&file.text).unwrap_or_default() {
            is_known &= !changes_path(piece.text);
            let cursor = &mut Cursor::new(piece.text);
            if is_known {
                take(cursor, &mut tables);
            } else {
                forget(cursor, &mut tables);
            }
        }
    }
    tables
}

/// Whether a statement may change the search path of its session.
fn changes_path(statement: &str) -> bool {
    let mut cursor = Cursor::new(statement);
    if cursor.eat_word("SET") {
        let _ = cursor.eat_word("SESSION") || cursor.eat_word("LOCAL");
        return cursor.is_word("search_path") || cursor.is_word("SCHEMA");
    }
    // A block of code may do anything, and `set_config` stands anywhere.
    let text = statement.to_ascii_lowercase();
    let sets = text.contains("set_config") || cursor.is_word("DO");
    sets && text.contains("search_path")
}

/// Leaves out the tables that a statement drops or alters, whatever schema they are in.
fn forget(cursor: &mut Cursor<'_>, tables: &mut Vec<LoggedTable>) -> Option<()> {
    if !cursor.eat_words(&["DROP", "TABLE"]) && !cursor.eat_words(&["ALTER", "TABLE"]) {
        return None;
    }
    cursor.eat_words(&["IF", "EXISTS"]);
    cursor.eat_word("ONLY");
    loop {
        let (_, name) = table_name(cursor)?;
        tables.retain(|table| table.name != name);
        cursor.eat_symbol(',').then_some(())?;
    }
}

fn take(cursor: &mut Cursor<'_>, tables: &mut Vec<LoggedTable>) -> Option<()> {
    if cursor.eat_words(&["CREATE", "TABLE"]) {
        // It may be there already, and otherwise.
        if cursor.eat_words(&["IF", "NOT", "EXISTS"]) {
            return None;
        }
        let (schema, name) = table_name(cursor)?;
        let body = Body::read(cursor);
        tables.push(LoggedTable {
            schema,
            name,
            identified: body.is_some_and(|body| !body.key.is_empty() && !body.deferrable),
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
            cursor.pass_enclosed();
            tables[at].identified = !is_deferrable(cursor);
        } else if cursor.eat_words(&["REPLICA", "IDENTITY"]) {
            // DEFAULT is the key, and whether there is one now is not followed.
            let is_full = cursor.is_word("FULL");
            tables[at].identified = is_full || cursor.eat_words(&["USING", "INDEX"]);
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

    #[test]
    fn nothing_is_known_of_what_a_changed_search_path_may_mean() {
        let changes = [
            "SET search_path = s",
            "SET LOCAL search_path TO s",
            "SET SESSION SCHEMA 's'",
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "DO $$ BEGIN EXECUTE 'SET search_path = s'; END $$",
        ];
        for change in changes {
            let text = format!(
                "CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int);
                 {change}; CREATE TABLE d (id int); ALTER TABLE a SET UNLOGGED; DROP TABLE x.y, b"
            );
            assert_eq!(of(&text), is(&[("public.c", false)]), "{change}");
        }
        let harmless = "SET work_mem = '1MB'; SELECT 'search_path'; CREATE TABLE a (id int)";
        assert_eq!(of(harmless), is(&[("public.a", false)]));
    }

    #[test]
    fn a_table_that_may_be_there_already_is_not_known() {
        assert_eq!(
            of("CREATE TABLE IF NOT EXISTS a (id int PRIMARY KEY)"),
            is(&[])
        );
        let there = "CREATE TABLE a (id int); CREATE TABLE IF NOT EXISTS a (id int PRIMARY KEY)";
        assert_eq!(of(there), is(&[("public.a", false)]));
    }

    #[test]
    fn only_what_the_server_takes_is_a_replica_identity() {
        let text = "CREATE TABLE a (id int PRIMARY KEY DEFERRABLE, n int);
            CREATE TABLE b (id int, PRIMARY KEY (id) INITIALLY DEFERRED);
            CREATE TABLE c (id int PRIMARY KEY NOT DEFERRABLE, n int REFERENCES c DEFERRABLE);
            CREATE TABLE d (id int); ALTER TABLE d ADD PRIMARY KEY (id) DEFERRABLE;
            CREATE TABLE e (id int); ALTER TABLE e REPLICA IDENTITY DEFAULT;
            CREATE TABLE f (id int); ALTER TABLE f REPLICA IDENTITY USING INDEX f_key;
            CREATE TABLE g (id int); ALTER TABLE g ADD PRIMARY KEY (id), ADD CHECK (id > 0);";
        let wanted = [
            ("public.a", false),
            ("public.b", false),
            ("public.c", true),
            ("public.d", false),
            ("public.e", false),
            ("public.f", true),
            ("public.g", true),
        ];
        assert_eq!(of(text), is(&wanted));
    }
}
