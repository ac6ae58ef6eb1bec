//! The passwords in a text: SQL, connection strings, command lines.
//!
//! Owns finding them by their place. A literal that only looks like a password is found too. Passwords are removed from
//! texts for people, and stored apart when they are needed again.

mod pairs;

use std::ops::Range;

use super::lexer::{Lexer, Token, TokenKind};

/// The words before a password.
const WORD: &str = "password";

/// The ranges of the passwords in a text, in order, without the quotes around them.
#[must_use]
pub fn places(text: &str) -> Vec<Range<usize>> {
    let mut found = [
        after_the_word(text),
        pairs::places(text),
        in_addresses(text),
    ]
    .concat();
    found.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    let mut end = 0;
    found.retain(|place| {
        let apart = place.start >= end;
        end = end.max(place.end);
        apart
    });
    found
}

/// A text in which `put` replaces each password.
pub fn replace(text: &str, mut put: impl FnMut(&str) -> String) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    for place in places(text) {
        replaced.push_str(&text[from..place.start]);
        replaced.push_str(&put(&text[place.clone()]));
        from = place.end;
    }
    replaced + &text[from..]
}

/// Whether the next argument of a program is a password: after `--password`.
#[must_use]
pub fn wants_password(option: &str) -> bool {
    option.starts_with('-') && !places(&format!("{option} x")).is_empty()
}

/// A text without its passwords, to show or to log.
#[must_use]
pub fn without_passwords(text: &str) -> String {
    replace(text, |_| "…".to_owned())
}

/// `PASSWORD 'a'` of a statement, `password=a` of a connection string, `PGPASSWORD=a` of a command line.
fn after_the_word(text: &str) -> Vec<Range<usize>> {
    // Only ASCII letters change case, so that offsets are the same in both.
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find(WORD) {
        from += at + WORD.len();
        // Another part of the statement has the value: an argument of `format`, or what is concatenated.
        if let Some(rest) = elsewhere(&text[from..]) {
            found.extend(literals(text, from + rest));
            continue;
        }
        if let Some(value) = value(&text[from..]).filter(|value| !value.is_empty()) {
            let end = from + value.end;
            found.push(from + value.start..end);
            from = end;
        }
    }
    found
}

/// Where the literals begin that hold the value of `PASSWORD %L` or `PASSWORD ' ||`, from the end of the word on.
fn elsewhere(rest: &str) -> Option<usize> {
    let after = rest.trim_start();
    let at = rest.len() - after.len();
    let quotes = after.len() - after.trim_start_matches('\'').len();
    let beyond = after[quotes..].trim_start();
    if beyond.starts_with('%') {
        let end = beyond.find(['\'', ';'])?;
        let closed = beyond[end..].trim_start_matches('\'');
        return Some(rest.len() - closed.len());
    }
    let is_joined = beyond.starts_with("||") || beyond.starts_with(',');
    (quotes > 0 && is_joined).then_some(at + after.len() - beyond.len())
}

/// The literals from a place on, to the end of the statement.
fn literals(text: &str, from: usize) -> Vec<Range<usize>> {
    let tokens = Lexer::new(&text[from..]).take_while(|token| !token.is_symbol(';'));
    tokens
        .filter(|token| token.kind != TokenKind::QuotedName)
        .filter_map(|token| {
            let inside = token.inside_place()?;
            let start = from + token.at;
            Some(start + inside.start..start + inside.end)
        })
        .filter(|place| !place.is_empty())
        .collect()
}

/// The password at the beginning of what follows the word.
fn value(rest: &str) -> Option<Range<usize>> {
    let at = rest.len() - rest.trim_start().len();
    let Some(after) = rest[at..].strip_prefix('=') else {
        return literal(&rest[at..]).map(|place| place.start + at..place.end + at);
    };
    let start = rest.len() - after.trim_start().len();
    let place = of_pair(&rest[start..]);
    Some(place.start + start..place.end + start)
}

/// The content of the SQL literal at the beginning of a text. A literal that was cut off extends to the end of the text.
fn literal(text: &str) -> Option<Range<usize>> {
    let token = Lexer::new(text).find(Token::is_significant)?;
    let place = token
        .inside_place()
        .filter(|_| token.kind != TokenKind::QuotedName)?;
    let after = &text[token.at + token.text.len()..];
    // Inside another literal the quotes of this one are doubled.
    let doubled =
        token.text == "''" && after.starts_with(|c: char| !c.is_whitespace() && !",;)".contains(c));
    let place = if doubled {
        of_pair(&text[token.at..])
    } else {
        place
    };
    Some(token.at + place.start..token.at + place.end)
}

/// The value of a pair `key=value` at the beginning of a text. Inside an SQL literal its quotes are doubled.
fn of_pair(text: &str) -> Range<usize> {
    for quote in ["''", "'", "\""] {
        let Some(inside) = text.strip_prefix(quote) else {
            continue;
        };
        let mut from = 0;
        while let Some(at) = inside[from..].find(quote).map(|at| from + at) {
            // A backslash before a quote makes it a letter (manual: "Connection Strings").
            if !inside[..at].ends_with('\\') {
                return quote.len()..quote.len() + at;
            }
            from = at + quote.len();
        }
        if quote != "''" {
            return quote.len()..text.len();
        }
    }
    let end = text.find(|letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"'));
    0..end.unwrap_or(text.len())
}

/// `postgresql://user:password@host/database`.
fn in_addresses(text: &str) -> Vec<Range<usize>> {
    let password = |(at, mark): (usize, &str)| {
        let start = at + mark.len();
        let rest = &text[start..];
        let end = rest.find(|c: char| c.is_whitespace() || "/?'\"".contains(c));
        let (who, _) = rest[..end.unwrap_or(rest.len())].rsplit_once('@')?;
        let (user, _) = who.split_once(':')?;
        Some(start + user.len() + 1..start + who.len()).filter(|place| !place.is_empty())
    };
    text.match_indices("://").filter_map(password).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sql::odd::odd;

    #[test]
    fn a_password_is_not_shown() {
        let shown = [
            (
                "CREATE ROLE a PASSWORD 'se''cret' LOGIN",
                "CREATE ROLE a PASSWORD '…' LOGIN",
            ),
            (
                "alter role a password\n E'sec\\'ret' LOGIN",
                "alter role a password\n E'…' LOGIN",
            ),
            (
                "CREATE ROLE a ENCRYPTED PASSWORD 'secr",
                "CREATE ROLE a ENCRYPTED PASSWORD '…",
            ),
            ("PASSWORD $$a'b$$ LOGIN", "PASSWORD $$…$$ LOGIN"),
            ("PASSWORD $x$a$$b$x$ LOGIN", "PASSWORD $x$…$x$ LOGIN"),
            (
                "PASSWORD /* old */ U&'a\\00e4' UESCAPE '!'",
                "PASSWORD /* old */ U&'…' UESCAPE '!'",
            ),
            ("PASSWORD E'a'\n  '\\'b' LOGIN", "PASSWORD E'…' LOGIN"),
            (
                "EXECUTE 'ALTER ROLE a PASSWORD ''secret'''",
                "EXECUTE 'ALTER ROLE a PASSWORD ''…'''",
            ),
            ("ALTER ROLE a PASSWORD NULL", "ALTER ROLE a PASSWORD NULL"),
            ("ALTER ROLE a PASSWORD ''", "ALTER ROLE a PASSWORD ''"),
            (
                "CONNECTION 'password=x user=a'",
                "CONNECTION 'password=… user=a'",
            ),
            (
                "CONNECTION 'user=a password=x' PUBLICATION p",
                "CONNECTION 'user=a password=…' PUBLICATION p",
            ),
            (
                "CONNECTION 'password = ''a b'' user=a'",
                "CONNECTION 'password = ''…'' user=a'",
            ),
            (
                "PGPASSWORD='a b' psql -c 'SELECT 1'",
                "PGPASSWORD='…' psql -c 'SELECT 1'",
            ),
            ("PGPASSWORD=\"a b\" psql", "PGPASSWORD=\"…\" psql"),
            (
                "psql \"password='a\\' b' user=c\"",
                "psql \"password='…' user=c\"",
            ),
            (
                "psql postgresql://a:b@c@host/d",
                "psql postgresql://a:…@host/d",
            ),
            (
                "psql postgresql://a@host:5432/d",
                "psql postgresql://a@host:5432/d",
            ),
            (
                "postgresql://a:b@host/d?password=c",
                "postgresql://a:…@host/d?password=…",
            ),
            (
                "SELECT format('ALTER ROLE %I PASSWORD %L', 'a', 'secret'); SELECT 'b'",
                "SELECT format('ALTER ROLE %I PASSWORD %L', '…', '…'); SELECT 'b'",
            ),
            (
                "DO $$BEGIN EXECUTE format('ALTER ROLE a PASSWORD %1$L', E'sec''ret'); END$$",
                "DO $$BEGIN EXECUTE format('ALTER ROLE a PASSWORD %1$L', E'…'); END$$",
            ),
            (
                "EXECUTE 'ALTER ROLE a PASSWORD ' || quote_literal('secret') || ' LOGIN'",
                "EXECUTE 'ALTER ROLE a PASSWORD ' || quote_literal('…') || '…'",
            ),
            (
                "EXECUTE 'ALTER ROLE a PASSWORD ''' || 'secret' || ''''",
                "EXECUTE 'ALTER ROLE a PASSWORD ''' || '…' || '…'",
            ),
            (
                "SET password_encryption = 'md5'",
                "SET password_encryption = 'md5'",
            ),
            (
                "password authentication failed for 'a'",
                "password authentication failed for 'a'",
            ),
        ];
        for (text, wanted) in shown {
            assert_eq!(without_passwords(text), wanted);
            assert_eq!(without_passwords(wanted), wanted);
        }
    }

    #[test]
    fn what_is_found_can_be_put_back() {
        let text = "PASSWORD 'ä''ö'; password=ü postgresql://a:ß@b PASSWORD 'password=x";
        let mut kept = Vec::new();
        let hidden = replace(text, |password| {
            kept.push(password.to_owned());
            format!("<{}>", kept.len())
        });
        assert_eq!(kept, ["ä''ö", "ü", "ß", "password=x"]);
        let marks = kept.iter().zip(1..);
        let back = marks.fold(hidden, |text, (password, number)| {
            text.replace(&format!("<{number}>"), password)
        });
        assert_eq!(back, text);
    }

    proptest! {
        #[test]
        fn places_are_in_order_and_apart(text in odd()) {
            let mut end = 0;
            for place in places(&text) {
                prop_assert!(end <= place.start && place.start < place.end);
                prop_assert!(text.get(place.clone()).is_some());
                end = place.end;
            }
        }
    }
}
