//! Whether a text is one expression, so that nothing of it gets out of the parentheses in which it is sent.
//!
//! Owns the boundaries alone: the server says whether the expression means something.

use super::lexer::{Lexer, TokenKind};

/// Why a text is not one expression, in words; `None` if it is one.
#[must_use]
pub fn not_one_expression(text: &str) -> Option<String> {
    let (mut open, mut empty) = (Vec::new(), true);
    for token in Lexer::new(text) {
        if !token.ended {
            return Some(match token.kind {
                TokenKind::LineComment => "its last line is a comment".to_owned(),
                TokenKind::BlockComment => "a comment in it has no end".to_owned(),
                TokenKind::QuotedName => "a quoted name in it has no end".to_owned(),
                _ => "a string in it has no end".to_owned(),
            });
        }
        if !token.is_significant() {
            continue;
        }
        empty = false;
        if token.kind != TokenKind::Symbol {
            continue;
        }
        match token.text {
            "(" => open.push(")"),
            "[" => open.push("]"),
            close @ (")" | "]") if open.pop() != Some(close) => {
                return Some(format!("its `{close}` closes nothing"));
            }
            ";" => return Some("it has a `;`, which ends a statement".to_owned()),
            "\\" | "\0" => return Some(format!("it has a `{}`", token.text.escape_debug())),
            _ => {}
        }
    }
    if empty {
        return Some("it is empty".to_owned());
    }
    open.pop().map(|close| format!("a `{close}` is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_stays_within_its_parentheses() {
        for one in [
            "id > 0",
            "(a = ';') AND b[1] = ')' -- a comment\n AND c",
            "a = $$) ;$$ OR \"x)\" = E'\\')' /* ) */",
            "a IN (1, 2)",
        ] {
            assert_eq!(not_one_expression(one), None, "{one}");
        }
        for (text, why) in [
            (
                "id > 0) ; DROP TABLE employer; --",
                "its `)` closes nothing",
            ),
            (
                "id > 0; DROP TABLE employer",
                "it has a `;`, which ends a statement",
            ),
            ("id > 0) OR (true", "its `)` closes nothing"),
            ("(id > 0", "a `)` is missing"),
            ("a[(1]", "its `]` closes nothing"),
            ("id > 0 --", "its last line is a comment"),
            ("id > 0 /* ", "a comment in it has no end"),
            ("a = 'x", "a string in it has no end"),
            ("a = $$x", "a string in it has no end"),
            ("\"a", "a quoted name in it has no end"),
            ("/* nothing */", "it is empty"),
            ("", "it is empty"),
            ("a \\gexec", "it has a `\\\\`"),
        ] {
            assert_eq!(not_one_expression(text).as_deref(), Some(why), "{text}");
        }
    }
}
