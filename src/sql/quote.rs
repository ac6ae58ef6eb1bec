//! The quotes around a place in SQL, which decide how a value is written there.

use super::lexer::{Lexer, TokenKind};
use crate::name::TableName;

/// The context of a place in SQL (manual: "Lexical Structure").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Nothing.
    None,
    /// A text: `'…'`.
    Text,
    /// A text with C's escapes: `E'…'`.
    Escaped,
    /// An identifier: `"…"`.
    Identifier,
    /// A comment.
    Comment,
}

impl Quote {
    /// The context at the end of `before`, the beginning of an SQL text. Dollar quotes do not count, because they mostly
    /// contain code.
    #[must_use]
    pub fn after(before: &str) -> Self {
        let Some(last) = Lexer::new(before).last().filter(|last| !last.ended) else {
            return Self::None;
        };
        match last.kind {
            // In `U&'…'` a backslash is an escape too.
            TokenKind::String if last.text.starts_with(['U', 'u']) => Self::Escaped,
            TokenKind::String => Self::Text,
            TokenKind::EscapeString => Self::Escaped,
            TokenKind::QuotedName => Self::Identifier,
            TokenKind::LineComment | TokenKind::BlockComment => Self::Comment,
            TokenKind::DollarString => last.inside().map_or(Self::None, Self::after),
            _ => Self::None,
        }
    }

    /// The value as it is written there; nothing in a comment.
    #[must_use]
    pub fn write(self, value: &str) -> Option<String> {
        Some(match self {
            Self::None => literal(value),
            Self::Text => value.replace('\'', "''"),
            Self::Escaped => value.replace('\\', "\\\\").replace('\'', "''"),
            Self::Identifier => value.replace('"', "\"\""),
            Self::Comment => return None,
        })
    }
}

/// A text as an SQL literal that is safe with any `standard_conforming_strings`.
#[must_use]
pub fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// A name as an SQL identifier, quoted.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's name with its schema, quoted.
#[must_use]
pub fn table(name: &TableName) -> String {
    format!("{}.{}", identifier(name.schema()), identifier(name.table()))
}

#[cfg(test)]
mod tests {
    use super::Quote::{self, *};
    use super::{identifier, literal};

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn a_place_is_inside_of_what_began_before_it_and_has_not_ended() {
        for (before, within) in [
            ("SELECT ", None),
            ("SELECT '", Text),
            ("SELECT 'a' || ", None),
            ("SELECT 'it''s ", Text),
            ("SELECT '\\", Text),
            ("SELECT '\\' || ", None),
            ("SELECT E'\\'", Escaped),
            ("SELECT e'a''", Escaped),
            ("SELECT E'a' || ", None),
            ("SELECT name'", Text),
            ("CREATE TABLE \"t_", Identifier),
            ("CREATE TABLE \"it's\" AS SELECT ", None),
            ("-- it's\nSELECT ", None),
            ("SELECT 1 -- ", Comment),
            ("/* it's /* \" */ ", Comment),
            ("/* it's */ SELECT ", None),
            ("DO $$BEGIN PERFORM '", Text),
            ("DO $$-- it's$$; SELECT ", None),
            ("SELECT E'a'\n'\\'", Escaped),
            ("SELECT U&'", Escaped),
            ("SELECT U&\"t_", Identifier),
            ("SELECT 1 - -", None),
        ] {
            assert_eq!(Quote::after(before), within, "{before}");
        }
    }

    #[test]
    fn a_value_is_written_so_that_it_stays_one() {
        let value = "it's \"\\";
        assert_eq!(Text.write(value).as_deref(), Some("it''s \"\\"));
        assert_eq!(Escaped.write(value).as_deref(), Some("it''s \"\\\\"));
        assert_eq!(Identifier.write(value).as_deref(), Some("it's \"\"\\"));
        assert_eq!(None.write("it's").as_deref(), Some("'it''s'"));
        assert_eq!(Comment.write(value), Option::None);
    }
}
