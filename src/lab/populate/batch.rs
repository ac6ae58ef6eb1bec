//! Queries for the server, with the file and the line that each statement came from.
//!
//! Owns the way from a statement to its place in a query and back. Never sends anything. A dataset of the user's is one query
//! a statement, as `psql` sends it. A built-in one is one query in all, and so one transaction.

use crate::sql::SqlFile;
use crate::sql::script::{Data, Piece, ScriptError, open_transaction, pieces};

/// One exchange with the server.
#[derive(Debug)]
pub(super) enum Exchange<'a> {
    /// One statement, or several that run as one transaction.
    Query(Query<'a>),
    /// `COPY … FROM stdin`, and its data.
    Copy(StatementOrigin<'a>, &'a str, Data<'a>),
    /// The end of a file that leaves a transaction open, and where that begins.
    OpenTransaction(StatementOrigin<'a>),
}

/// The origin of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StatementOrigin<'a> {
    pub(super) file: &'a str,
    pub(super) line: usize,
    /// The table that the statement fills, if it does.
    pub(super) table: Option<&'a str>,
}

/// Some statements as one text.
#[derive(Debug, Default)]
pub(super) struct Query<'a> {
    pub(super) text: String,
    /// Each statement's first character, from 0, and its origin.
    statements: Vec<(usize, StatementOrigin<'a>)>,
    characters: usize,
}

impl<'a> Query<'a> {
    fn push(&mut self, origin: StatementOrigin<'a>, text: &str) {
        self.statements.push((self.characters, origin));
        self.text.push_str(text);
        // A comment at the end of a statement must not swallow the semicolon.
        self.text.push_str("\n;\n");
        self.characters += text.chars().count() + 3;
    }

    /// The origin of statement `number`, from 0.
    pub(super) fn origin(&self, number: usize) -> Option<StatementOrigin<'a>> {
        self.statements.get(number).map(|(_, origin)| *origin)
    }

    /// The file and the line of a failure: the position that the server reports, or else the first statement that did not
    /// complete.
    pub(super) fn blame(&self, position: Option<usize>, completed: usize) -> StatementOrigin<'a> {
        let pointed = position.and_then(|position| {
            let number = self
                .statements
                .partition_point(|(start, _)| *start < position);
            let (start, origin) = *self.statements.get(number.checked_sub(1)?)?;
            let before = self.text.chars().skip(start).take(position - 1 - start);
            let line = origin.line + before.filter(|&c| c == '\n').count();
            Some(StatementOrigin { line, ..origin })
        });
        pointed
            .or_else(|| self.origin(completed))
            .or_else(|| self.statements.last().map(|(_, origin)| *origin))
            .unwrap_or(StatementOrigin {
                file: "",
                line: 1,
                table: None,
            })
    }
}

/// The exchanges with the server that run `files` in order, or the file that is not SQL and why. `together`: in one
/// transaction.
pub(super) fn exchanges(
    files: &[SqlFile],
    together: bool,
) -> Result<Vec<Exchange<'_>>, (&str, ScriptError)> {
    let mut all = Vec::new();
    let mut query = Query::default();
    for file in files {
        let pieces = pieces(&file.text).map_err(|error| (file.name.as_str(), error))?;
        for piece in &pieces {
            let origin = origin(file, piece);
            if let Some(data) = piece.data {
                flush(&mut query, &mut all);
                all.push(Exchange::Copy(origin, piece.text, data));
            } else {
                query.push(origin, piece.text);
            }
            if !together {
                flush(&mut query, &mut all);
            }
        }
        if let Some(begun) = open_transaction(&pieces) {
            all.push(Exchange::OpenTransaction(origin(file, &begun)));
        }
    }
    flush(&mut query, &mut all);
    Ok(all)
}

fn origin<'a>(file: &'a SqlFile, piece: &Piece<'a>) -> StatementOrigin<'a> {
    StatementOrigin {
        file: &file.name,
        line: piece.line,
        table: piece.filled_table(),
    }
}

fn flush<'a>(query: &mut Query<'a>, all: &mut Vec<Exchange<'a>>) {
    if !query.statements.is_empty() {
        all.push(Exchange::Query(std::mem::take(query)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset;
    use crate::name::DatasetName;

    #[test]
    fn a_builtin_dataset_is_one_exchange_with_the_server() {
        for known in dataset::known() {
            let name = DatasetName::new(known.name).expect("a name");
            let dataset = dataset::builtin(&name, None, None).expect("it is known");
            let script = dataset.script();
            let exchanges = exchanges(&script, true).expect("SQL");
            assert_eq!(exchanges.len(), 1, "{}", known.name);
        }
    }

    fn file(text: &str) -> SqlFile {
        SqlFile {
            name: "a.sql".to_owned(),
            text: text.to_owned(),
        }
    }

    fn query<'a>(exchange: &'a Exchange<'a>) -> &'a Query<'a> {
        match exchange {
            Exchange::Query(query) => query,
            _ => panic!("a query was expected"),
        }
    }

    #[test]
    fn a_users_statement_is_one_query_as_psql_sends_it() {
        let files = [file(
            "SELECT 1; INSERT INTO t VALUES (1); COPY t FROM stdin;\n1\n\\.\nBEGIN;\nSELECT 3;",
        )];
        let all = exchanges(&files, false).expect("SQL");
        assert_eq!(all.len(), 6);
        assert_eq!(query(&all[0]).text, "SELECT 1\n;\n");
        assert!(matches!(all[2], Exchange::Copy(_, "COPY t FROM stdin", _)));
        assert!(matches!(all[5], Exchange::OpenTransaction(begun) if begun.line == 4));
    }

    #[test]
    fn the_servers_position_leads_back_to_the_line() {
        let files = [file("SELECT 'ö';\n\nSELECT 1,\n  x;\n"), file("SELECT 2;")];
        let all = exchanges(&files, true).expect("SQL");
        let query = query(&all[0]);
        let at = query.text.chars().position(|c| c == 'x').expect("an x") + 1;
        assert_eq!(query.blame(Some(at), 0).line, 4);
        assert_eq!(query.blame(Some(1), 0).line, 1);
        assert_eq!(query.blame(None, 1).line, 3);
    }
}
