//! What a place in SQL is inside of, which decides how a value is written there.

/// What surrounds a place in SQL (manual: "Lexical Structure").
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
    /// What surrounds the end of `before`, the beginning of a text of SQL. What stands between dollar quotes is mostly
    /// code, so that they count for nothing.
    #[must_use]
    pub fn after(before: &str) -> Self {
        let mut within = Self::None;
        let mut chars = before.char_indices().peekable();
        // Comments between `/*` and `*/` nest.
        let mut depth = 0_u32;
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            within = match (within, c, next) {
                (Self::None, '\'', _) if is_escaping(&before[..at]) => Self::Escaped,
                (Self::None, '\'', _) => Self::Text,
                (Self::None, '"', _) => Self::Identifier,
                (Self::None, '-', Some('-')) => {
                    if !chars.any(|(_, c)| c == '\n') {
                        return Self::Comment;
                    }
                    Self::None
                }
                (Self::None | Self::Comment, '/', Some('*')) => {
                    chars.next();
                    depth += 1;
                    Self::Comment
                }
                (Self::Comment, '*', Some('/')) => {
                    chars.next();
                    depth -= 1;
                    if depth == 0 {
                        Self::None
                    } else {
                        Self::Comment
                    }
                }
                // Elsewhere a quote that is doubled ends the text and begins it again, which comes to the same; but the
                // `E` is not seen twice.
                (Self::Escaped, '\\', _) | (Self::Escaped, '\'', Some('\'')) => {
                    chars.next();
                    Self::Escaped
                }
                (Self::Text | Self::Escaped, '\'', _) | (Self::Identifier, '"', _) => Self::None,
                (within, ..) => within,
            };
        }
        within
    }

    /// The value as it is written there; nothing in a comment, where it would mean nothing.
    #[must_use]
    pub fn write(self, value: &str) -> Option<String> {
        Some(match self {
            Self::None => crate::server::client::literal(value),
            Self::Text => value.replace('\'', "''"),
            Self::Escaped => value.replace('\\', "\\\\").replace('\'', "''"),
            Self::Identifier => value.replace('"', "\"\""),
            Self::Comment => return None,
        })
    }
}

/// Whether a `'` after this begins a text with escapes: after an `E` that is not the end of a word.
fn is_escaping(before: &str) -> bool {
    let Some(rest) = before.strip_suffix(['e', 'E']) else {
        return false;
    };
    !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::Quote::{self, *};

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
