//! An SQL file as the statements and the blocks of data that it is made of.
//!
//! Owns where a statement begins and ends, by the lexical rules that `psql` follows (manual, 4.1). Never knows
//! what a statement means, beyond whether it takes data or has to be alone, and never talks to a server.

mod scan;

use scan::Scan;

/// One thing that a file asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The statement without its semicolon, and without blanks or comments before it.
    pub text: &'a str,
    /// The line of the file on which it begins, from 1.
    pub line: usize,
    /// The lines that follow `COPY … FROM stdin`, where the statement is one.
    pub data: Option<Data<'a>>,
}

/// What stands between `COPY … FROM stdin;` and `\.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data<'a> {
    /// The lines, each with its line break.
    pub text: &'a str,
    /// The line of the file on which the data begins, from 1.
    pub line: usize,
}

/// Why a file is not SQL that a server could be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// A command of `psql`.
    #[error("`{command}` is a command of psql, not SQL")]
    MetaCommand {
        /// The command's first word: `\copy`.
        command: String,
        /// The line on which it stands, from 1.
        line: usize,
    },
    /// A string, a comment or the like without its end.
    #[error("{what} has no end")]
    Endless {
        /// What was opened: "a string".
        what: &'static str,
        /// The line on which it was opened, from 1.
        line: usize,
    },
}

impl ScriptError {
    /// The line that the error is about, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::MetaCommand { line, .. } | Self::Endless { line, .. } => *line,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::MetaCommand { .. } => Some(
                "give SQL alone: list an included file under `files:` instead, and write data as INSERT or as `COPY … FROM stdin;` with its lines, as `pg_dump` does",
            ),
            Self::Endless { .. } => None,
        }
    }
}

/// The pieces of `text`, in order.
///
/// # Errors
/// [`ScriptError`] for the first thing that is not SQL.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, ScriptError> {
    let mut scan = Scan::new(text);
    let mut found = Vec::new();
    while let Some((statement, line)) = scan.statement()? {
        let data = takes_data(statement).then(|| {
            let (text, line) = scan.data();
            Data { text, line }
        });
        found.push(Piece {
            text: statement,
            line,
            data,
        });
    }
    Ok(found)
}

impl<'a> Piece<'a> {
    /// Whether PostgreSQL refuses the statement inside a transaction, so that it has to be sent alone.
    #[must_use]
    pub fn refuses_transaction(&self) -> bool {
        let words = words(self.text, 12);
        let starts = |start: &[&str]| {
            words.len() >= start.len() && start.iter().zip(&words).all(|(a, b)| a == b)
        };
        let says = |word: &str| words.iter().any(|other| other == word);
        starts(&["VACUUM"])
            || starts(&["CREATE", "DATABASE"])
            || starts(&["DROP", "DATABASE"])
            || starts(&["CREATE", "TABLESPACE"])
            || starts(&["DROP", "TABLESPACE"])
            || starts(&["ALTER", "SYSTEM"])
            || starts(&["CREATE", "SUBSCRIPTION"])
            || starts(&["DROP", "SUBSCRIPTION"])
            || (says("CONCURRENTLY") && says("INDEX"))
            || starts(&["REINDEX"])
            || starts(&["CLUSTER"])
            || starts(&["CALL"])
            || starts(&["DO"])
            // What a file says of transactions itself is between it and the server.
            || ["BEGIN", "START", "COMMIT", "END", "ROLLBACK"].contains(&first(&words))
    }

    /// The table that an INSERT or a COPY fills, as the statement writes it.
    #[must_use]
    pub fn filled_table(&self) -> Option<&'a str> {
        let rest = after_word(self.text, "INSERT")
            .and_then(|rest| after_word(rest, "INTO"))
            .or_else(|| self.data.and_then(|_| after_word(self.text, "COPY")))?
            .trim_start();
        let mut quoted = false;
        let end = rest.find(|c: char| {
            quoted ^= c == '"';
            !quoted && (c.is_whitespace() || c == '(')
        });
        Some(&rest[..end.unwrap_or(rest.len())])
    }
}

fn first(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}

fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let text = text.trim_start();
    let head = text.get(..word.len())?;
    let rest = &text[word.len()..];
    (head.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace)).then_some(rest)
}

/// The first words of a statement, in upper case.
fn words(text: &str, most: usize) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .take(most)
        .map(str::to_ascii_uppercase)
        .collect()
}

fn takes_data(statement: &str) -> bool {
    if after_word(statement, "COPY").is_none() {
        return false;
    }
    let words = words(statement, usize::MAX);
    words.windows(2).any(|pair| pair == ["FROM", "STDIN"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        pieces(sql)
            .expect("SQL")
            .into_iter()
            .map(|piece| piece.text)
            .collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_only_where_it_stands_for_itself() {
        assert_eq!(
            texts(
                "SELECT ';', E'\\';', \";\", $$;$$, $a$ $$;$a$; -- ;\n/* ; /* ; */ ; */ SELECT (1;2)"
            ),
            [
                "SELECT ';', E'\\';', \";\", $$;$$, $a$ $$;$a$",
                "SELECT (1;2)"
            ]
        );
    }

    #[test]
    fn a_backslash_in_a_plain_string_escapes_nothing() {
        assert_eq!(texts(r"SELECT '\'; SELECT 2"), [r"SELECT '\'", "SELECT 2"]);
    }

    #[test]
    fn a_doubled_quote_ends_no_string() {
        assert_eq!(texts(r"SELECT E'a''b\';', 'c'';'; SELECT 2").len(), 2);
    }

    #[test]
    fn a_dollar_inside_a_name_opens_nothing() {
        assert_eq!(
            texts("SELECT a$b; SELECT c$b, $1"),
            ["SELECT a$b", "SELECT c$b, $1"]
        );
    }

    #[test]
    fn the_body_of_an_sql_function_is_one_statement() {
        let function = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END";
        assert_eq!(
            texts(&format!("{function}; SELECT 3")),
            [function, "SELECT 3"]
        );
        assert_eq!(texts("BEGIN; SELECT 1; END;"), ["BEGIN", "SELECT 1", "END"]);
    }

    #[test]
    fn a_statement_knows_its_line() {
        let lines: Vec<_> = pieces("\n-- first\nSELECT 1;\n\nSELECT\n 2;")
            .expect("SQL")
            .iter()
            .map(|piece| piece.line)
            .collect();
        assert_eq!(lines, [3, 5]);
    }

    #[test]
    fn copy_takes_the_lines_up_to_backslash_dot() {
        let sql = "COPY public.t (a, b) FROM stdin;\n1\tit's;\n2\t\\N\n\\.\n\nSELECT 1;";
        let found = pieces(sql).expect("SQL");
        assert_eq!(
            found[0].data,
            Some(Data {
                text: "1\tit's;\n2\t\\N\n",
                line: 2
            })
        );
        assert_eq!(found[0].filled_table(), Some("public.t"));
        assert_eq!((found[1].text, found[1].line), ("SELECT 1", 6));
    }

    #[test]
    fn a_psql_command_is_refused_with_its_line() {
        let error = pieces("SELECT 1;\n\\copy t from 'x.csv'\n").expect_err("not SQL");
        assert_eq!(error.to_string(), "`\\copy` is a command of psql, not SQL");
        assert_eq!(error.line(), 2);
        assert!(error.hint().is_some());
    }

    #[test]
    fn what_pg_dump_writes_for_psql_alone_is_passed_over() {
        assert_eq!(
            texts("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n"),
            ["SELECT 1"]
        );
    }

    #[test]
    fn a_string_without_end_is_reported_where_it_begins() {
        let error = pieces("SELECT 1;\nSELECT 'a;\nb").expect_err("no end");
        assert_eq!(
            (error.to_string().as_str(), error.line()),
            ("a string has no end", 2)
        );
    }

    #[test]
    fn statements_that_refuse_a_transaction_are_known() {
        let alone = |sql| pieces(sql).expect("SQL")[0].refuses_transaction();
        assert!(alone("create unique index concurrently on t (a)"));
        assert!(alone("VACUUM (ANALYZE) t"));
        assert!(!alone("CREATE INDEX ON t (a)"));
        assert!(!alone("INSERT INTO t VALUES (1)"));
    }

    #[test]
    fn the_table_that_is_filled_is_named_as_written() {
        let filled = |sql| {
            pieces(sql).expect("SQL")[0]
                .filled_table()
                .map(str::to_owned)
        };
        assert_eq!(
            filled("insert into \"My Table\"(a) values (1)").as_deref(),
            Some("\"My Table\"")
        );
        assert_eq!(filled("INSERT INTO s.t SELECT 1").as_deref(), Some("s.t"));
        assert_eq!(filled("COPY t TO stdout"), None);
    }
}
