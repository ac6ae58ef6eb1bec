//! The statements and data blocks of an SQL file.
//!
//! Owns the boundaries of statements, as `psql` sees them. Knows of a statement only whether it takes data and whether it
//! begins or ends a transaction. Never talks to a server.

use super::cursor::Cursor;
use super::lexer::{Lexer, Token, TokenKind};

/// A statement with its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The statement without its semicolon, and without blanks or comments before it.
    pub text: &'a str,
    /// The line of the file on which it begins, from 1.
    pub line: usize,
    /// The data after `COPY … FROM stdin`, if it is such a statement.
    pub data: Option<Data<'a>>,
}

/// The data between `COPY … FROM stdin;` and `\.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data<'a> {
    /// The lines, each with its line break.
    pub text: &'a str,
    /// The line of the file on which the data begins, from 1.
    pub line: usize,
}

/// A file that is not SQL for a server.
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
    /// A string, a comment or similar that does not end.
    #[error("{what} has no end")]
    Endless {
        /// What was opened: "a string".
        what: &'static str,
        /// The line on which it was opened, from 1.
        line: usize,
    },
}

impl ScriptError {
    /// The line of the error, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::MetaCommand { line, .. } | Self::Endless { line, .. } => *line,
        }
    }

    /// The hint.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::MetaCommand { .. } => Some(
                "give SQL alone: list an included file under `files:` instead, leave `\\connect` out (`pg_dump` without `--create`), and write data as INSERT or as `COPY … FROM stdin;` with its lines, as `pg_dump` does",
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
    let mut lexer = Lexer::new(text);
    lexer.pass_byte_order_mark();
    let mut found = Vec::new();
    while let Some((statement, line)) = statement(text, &mut lexer)? {
        let data = takes_data(statement).then(|| data(&mut lexer));
        found.push(Piece {
            text: statement,
            line,
            data,
        });
    }
    Ok(found)
}

/// The statement that begins the transaction in which the statements end, if they do.
#[must_use]
pub fn open_transaction<'a>(pieces: &[Piece<'a>]) -> Option<Piece<'a>> {
    let mut begun = None;
    for piece in pieces {
        let mut cursor = Cursor::new(piece.text);
        if cursor.eat_word("BEGIN") || cursor.eat_words(&["START", "TRANSACTION"]) {
            begun = begun.or(Some(*piece));
        } else if cursor.eat_words(&["PREPARE", "TRANSACTION"]) {
            begun = None;
        } else if ["COMMIT", "END", "ROLLBACK", "ABORT"]
            .iter()
            .any(|word| cursor.eat_word(word))
        {
            let _ = cursor.eat_word("WORK") || cursor.eat_word("TRANSACTION");
            // `ROLLBACK TO` and `COMMIT AND CHAIN` leave one open, `COMMIT PREPARED` is about another.
            let goes_on = ["TO", "PREPARED"].iter().any(|word| cursor.is_word(word));
            if !goes_on && !cursor.eat_words(&["AND", "CHAIN"]) {
                begun = None;
            }
        }
    }
    begun
}

/// The next statement and its first line; `None` at the end of the file.
fn statement<'a>(
    text: &'a str,
    lexer: &mut Lexer<'a>,
) -> Result<Option<(&'a str, usize)>, ScriptError> {
    let mut open = OpenBlocks::default();
    let mut start = None;
    while let Some(token) = lexer.next() {
        whole(&token)?;
        if !token.is_significant() {
            continue;
        }
        if token.is_symbol('\\') {
            let rest = lexer.pass_line();
            meta_command(&text[token.at..token.at + 1 + rest.len()], token.line)?;
            continue;
        }
        if token.is_symbol(';') && open.nothing() {
            if let Some((start, line)) = start {
                return Ok(Some((&text[start..token.at], line)));
            }
            continue;
        }
        start.get_or_insert((token.at, token.line));
        open.token(&token);
    }
    Ok(start.map(|(start, line)| (text[start..].trim_end(), line)))
}

/// Refuses a token that does not end.
fn whole(token: &Token<'_>) -> Result<(), ScriptError> {
    let what = match token.kind {
        _ if token.ended => return Ok(()),
        TokenKind::BlockComment => "a comment",
        TokenKind::String | TokenKind::EscapeString => "a string",
        TokenKind::QuotedName => "a quoted name",
        TokenKind::DollarString => "a dollar-quoted string",
        // The end of the file also ends such a comment.
        _ => return Ok(()),
    };
    let line = token.line;
    Err(ScriptError::Endless { what, line })
}

/// `pg_dump` guards its output with `\restrict` and `\unrestrict`, which only `psql` understands.
fn meta_command(command: &str, line: usize) -> Result<(), ScriptError> {
    let command = command.split_whitespace().next().unwrap_or(command);
    if command == "\\restrict" || command == "\\unrestrict" {
        return Ok(());
    }
    let command = command.to_owned();
    Err(ScriptError::MetaCommand { command, line })
}

/// The lines up to `\.` or the end of the file.
fn data<'a>(lexer: &mut Lexer<'a>) -> Data<'a> {
    lexer.pass_line();
    let (rest, line) = (lexer.rest(), lexer.line());
    let mut bytes = 0;
    while !lexer.rest().is_empty() {
        let next = lexer.pass_line();
        if next.trim_end_matches(['\r', '\n']) == "\\." {
            break;
        }
        bytes += next.len();
    }
    Data {
        text: &rest[..bytes],
        line,
    }
}

/// The open brackets and blocks of a statement.
#[derive(Default)]
struct OpenBlocks {
    parentheses: usize,
    /// `BEGIN ATOMIC` and `CASE` that wait for their `END` (the body of an SQL function).
    blocks: usize,
    words: usize,
    begins_with_create: bool,
    /// Whether it is a `CREATE [OR REPLACE] FUNCTION` or `PROCEDURE`.
    routine: bool,
    after_begin: bool,
}

impl OpenBlocks {
    fn nothing(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn token(&mut self, token: &Token<'_>) {
        if token.is_symbol('(') {
            self.parentheses += 1;
        } else if token.is_symbol(')') {
            self.parentheses = self.parentheses.saturating_sub(1);
        } else if token.kind == TokenKind::Word {
            self.word(token);
        }
    }

    fn word(&mut self, word: &Token<'_>) {
        self.begins_with_create |= self.words == 0 && word.is_word("CREATE");
        self.routine |= self.begins_with_create
            && self.words < 4
            && (word.is_word("FUNCTION") || word.is_word("PROCEDURE"));
        if self.routine {
            let begun = word.is_word("ATOMIC") && self.after_begin;
            if begun || (self.blocks > 0 && word.is_word("CASE")) {
                self.blocks += 1;
            } else if word.is_word("END") {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        self.after_begin = word.is_word("BEGIN");
        self.words += 1;
    }
}

impl<'a> Piece<'a> {
    /// The table that an INSERT or a COPY fills, as the statement writes it.
    #[must_use]
    pub fn filled_table(&self) -> Option<&'a str> {
        let mut cursor = Cursor::new(self.text);
        let fills = cursor.eat_words(&["INSERT", "INTO"])
            || (self.data.is_some() && cursor.eat_word("COPY"));
        let start = cursor.peek().filter(|_| fills)?.at;
        loop {
            let part = cursor.take()?;
            let end = part.at + part.text.len();
            if !cursor.eat_symbol('.') {
                return Some(&self.text[start..end]);
            }
        }
    }
}

fn takes_data(statement: &str) -> bool {
    let mut cursor = Cursor::new(statement);
    if !cursor.eat_word("COPY") {
        return false;
    }
    // COPY may have a query instead of a table, and options may follow.
    while let Some(token) = cursor.peek() {
        if token.is_symbol('(') {
            if cursor.pass_enclosed().is_none() {
                return false;
            }
        } else if cursor.eat_words(&["FROM", "STDIN"]) {
            return true;
        } else {
            cursor.take();
        }
    }
    false
}

#[cfg(test)]
mod tests;
