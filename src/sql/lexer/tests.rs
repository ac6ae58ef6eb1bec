use proptest::prelude::*;

use super::TokenKind::{self, *};
use super::{Lexer, Token};
use crate::sql::odd::odd;

/// The tokens without blanks and comments, with their kinds.
fn tokens(text: &str) -> Vec<(TokenKind, &str)> {
    Lexer::new(text)
        .filter(Token::is_significant)
        .map(|token| (token.kind, token.text))
        .collect()
}

#[track_caller]
fn one(text: &str, kind: TokenKind) {
    assert_eq!(tokens(text), [(kind, text)], "{text}");
}

#[test]
fn every_kind_of_token_is_told_from_the_others() {
    for (text, kind) in [
        ("größe_1$a", Word),
        ("\"a \"\"b\"\" -- ;\"", QuotedName),
        ("U&\"d\\0061t\"", QuotedName),
        ("'it''s \\'", TokenKind::String),
        ("b'01'", TokenKind::String),
        ("X'1F'", TokenKind::String),
        ("n'a'", TokenKind::String),
        ("u&'\\00e4'", TokenKind::String),
        ("e'\\'it''s\\\\'", EscapeString),
        ("$$it's $1$$", DollarString),
        ("$ä_1$ $$ $a$ $ä_1$", DollarString),
        ("1_000.5e-3", Number),
        (".5", Number),
        ("0x1e", Number),
        ("$12", Parameter),
        ("<->", Operator),
        ("\\", Symbol),
    ] {
        one(text, kind);
    }
}

#[test]
fn a_letter_before_a_quote_counts_only_as_a_word_of_its_own() {
    assert_eq!(
        tokens("name'\\'"),
        [(Word, "name"), (TokenKind::String, "'\\'")]
    );
    assert_eq!(
        tokens("u & 'a'"),
        [(Word, "u"), (Operator, "&"), (TokenKind::String, "'a'")]
    );
    assert_eq!(tokens("e \"a\""), [(Word, "e"), (QuotedName, "\"a\"")]);
}

#[test]
fn a_string_goes_on_after_a_line_break() {
    one("'a'\n'b'", TokenKind::String);
    one("E'a'  -- a comment's\n  '\\'b'", EscapeString);
    assert_eq!(
        tokens("'a' 'b'"),
        [(TokenKind::String, "'a'"), (TokenKind::String, "'b'")]
    );
    assert_eq!(
        tokens("'a' /* it's\n */\n'b'"),
        [(TokenKind::String, "'a'"), (TokenKind::String, "'b'")]
    );
}

#[test]
fn a_dollar_quotes_only_with_a_tag_that_is_one() {
    assert_eq!(tokens("a$b$c"), [(Word, "a$b$c")]);
    assert_eq!(
        tokens("$1$a"),
        [(Parameter, "$1"), (Symbol, "$"), (Word, "a")]
    );
    assert_eq!(tokens("1$$;$$"), [(Number, "1"), (DollarString, "$$;$$")]);
    assert_eq!(tokens("$").len(), 1);
    assert_eq!(tokens("${a}$").len(), 5);
}

#[test]
fn an_operator_ends_where_a_comment_begins() {
    assert_eq!(tokens("1+--2\n3"), tokens("1+\n3"));
    assert_eq!(tokens("1*/*a*/-1"), tokens("1* -1"));
    assert_eq!(tokens("- -"), [(Operator, "-"), (Operator, "-")]);
}

#[test]
fn a_number_leaves_what_is_not_its_own() {
    assert_eq!(
        tokens("1-2"),
        [(Number, "1"), (Operator, "-"), (Number, "2")]
    );
    assert_eq!(
        tokens("0xe-1"),
        [(Number, "0xe"), (Operator, "-"), (Number, "1")]
    );
}

#[test]
fn what_has_no_end_says_so() {
    for text in [
        "'a", "E'a\\'", "'a''", "'a'\n'", "\"a", "U&\"a", "$a$ $", "/* /* */", "-- a",
    ] {
        let last = Lexer::new(text).last().expect("a token");
        assert_eq!((last.text, last.ended), (text, false));
    }
    assert!(Lexer::new("'a'/**/$$$$\"\" ").all(|token| token.ended));
}

#[test]
fn the_inside_is_what_stands_between_the_quotes() {
    for (text, inside) in [
        ("'it''s'", "it''s"),
        ("E'a", "a"),
        ("U&\"a\"", "a"),
        ("$x$a$b$x$", "a$b"),
        ("$$", ""),
        ("''", ""),
    ] {
        let token = Lexer::new(text).next().expect("a token");
        assert_eq!(token.inside(), Some(inside), "{text}");
    }
}

#[test]
fn a_name_is_given_as_the_server_keeps_it() {
    let name = |text| Lexer::new(text).next().and_then(|token| token.name());
    assert_eq!(name("GRÖSSE").as_deref(), Some("grÖsse"));
    assert_eq!(name("\"My \"\"T\"").as_deref(), Some("My \"T"));
    assert_eq!(name("U&\"T\"").as_deref(), Some("T"));
    assert_eq!(name("U&\"d\\0061\""), None);
    assert_eq!(name("\"a"), None);
    assert_eq!(name("'a'"), None);
}

#[test]
fn a_token_knows_its_place() {
    let last = Lexer::new("a\n'b\nc'\n  d").last().expect("a token");
    assert_eq!((last.at, last.line), (10, 4));
}

proptest! {
    #[test]
    fn the_tokens_of_any_text_are_that_text(text in prop_oneof![odd(), any::<std::string::String>()]) {
        let mut at = 0;
        for token in Lexer::new(&text) {
            prop_assert!(!token.text.is_empty());
            prop_assert_eq!(token.at, at);
            prop_assert_eq!(token.line, 1 + text[..at].matches('\n').count());
            let quoted = matches!(token.kind, QuotedName | TokenKind::String | EscapeString | DollarString);
            prop_assert_eq!(token.inside().is_some(), quoted);
            at += token.text.len();
        }
        prop_assert_eq!(at, text.len());
    }

    #[test]
    fn a_token_is_the_same_alone(text in odd()) {
        for token in Lexer::new(&text).filter(|token| token.ended && token.kind != LineComment) {
            let alone: Vec<_> = Lexer::new(token.text).map(|token| token.kind).collect();
            prop_assert_eq!(alone, [token.kind]);
        }
    }
}
