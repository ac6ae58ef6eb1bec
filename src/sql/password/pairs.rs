//! Passwords in pairs: `pass=x`, `password: x`, `{"secret": "x"}`, `--password x`.

use std::ops::Range;

use super::of_pair;

/// The words that end a key whose value is secret.
const WORDS: [&str; 6] = ["password", "passwd", "passphrase", "pass", "pwd", "secret"];

/// The passwords of the pairs in a text.
pub(super) fn places(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for word in WORDS {
        for (at, _) in lower.match_indices(word) {
            let end = at + word.len();
            let place = value(&text[..at], &text[end..]);
            found.extend(place.map(|place| end + place.start..end + place.end));
        }
    }
    // `pw` is too short to be the end of a word.
    for (at, _) in lower.match_indices("pw") {
        let begins = !lower[..at].ends_with(|c: char| c.is_alphanumeric());
        let place = value(&text[..at], &text[at + 2..]).filter(|_| begins);
        found.extend(place.map(|place| at + 2 + place.start..at + 2 + place.end));
    }
    found
}

/// The value after a key, whose word begins after `before`.
fn value(before: &str, rest: &str) -> Option<Range<usize>> {
    if let Some(place) = of_option(before, rest) {
        return Some(place);
    }
    let quoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let sign = quoted.trim_start();
    let (after, is_colon) = if let Some(after) = sign.strip_prefix('=') {
        (after, false)
    } else {
        let after = sign.strip_prefix(':').filter(|it| !it.starts_with(':'))?;
        (after.strip_prefix('=').unwrap_or(after), true)
    };
    // A variable of psql: `PASSWORD :'name'`; and an address: `pass://`.
    if is_colon && quoted.len() == rest.len() && after.starts_with(['\'', '"', '/']) {
        return None;
    }
    let value = after.trim_start_matches([' ', '\t']);
    let start = rest.len() - value.len();
    let mut place = of_pair(value);
    if is_colon && place.start == 0 {
        place.end = end_of_plain(&value[..place.end]);
    }
    // A whole argument: `pass=a b`. A connection string has other pairs.
    let is_key = before
        .chars()
        .all(|c| c.is_alphanumeric() || "_-".contains(c));
    if is_key && !is_colon && place.start == 0 && !value.contains('=') {
        place.end = value.trim_end().len();
    }
    let words = value.get(place.clone())?;
    (!words.is_empty()).then_some(start + place.start..start + place.end)
}

/// The value of `--password x`. Programs of PostgreSQL know `--no-password`.
fn of_option(before: &str, rest: &str) -> Option<Range<usize>> {
    let option = before.rsplit(|c: char| c.is_whitespace() || "'\"".contains(c));
    let option = option.into_iter().next().unwrap_or_default();
    let value = rest.trim_start_matches([' ', '\t']);
    if !option.starts_with('-') || option.starts_with("--no") || value.len() == rest.len() {
        return None;
    }
    if value.is_empty() || value.starts_with(['-', '=', ':']) {
        return None;
    }
    let (start, place) = (rest.len() - value.len(), of_pair(value));
    (!place.is_empty()).then_some(start + place.start..start + place.end)
}

/// The end of a value without quotes after `:`, in a list or a mapping as YAML writes them.
fn end_of_plain(value: &str) -> usize {
    let end = value.trim_end_matches(['}', ']', ')', ',', ';']);
    end.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::sql::password::{places, without_passwords};

    proptest! {
        #[test]
        fn any_text_around_a_key_has_its_places_in_order(
            before in any::<String>(),
            key in "--?[a-z\u{85}\u{2003} ]{0,3}(password|pass|pw|pwd)[ =:'\"\u{85}%|]{0,3}",
            after in any::<String>(),
        ) {
            let text = before + &key + &after;
            let mut end = 0;
            for place in places(&text) {
                prop_assert!(end <= place.start && place.start < place.end);
                prop_assert!(text.get(place.clone()).is_some());
                end = place.end;
            }
        }
    }

    #[test]
    fn the_value_of_a_pair_is_not_shown() {
        for (text, wanted) in [
            ("psql --set pass=secret -v n=1", "psql --set pass=… -v n=1"),
            ("psql -v app_pw=secret -c x", "psql -v app_pw=… -c x"),
            ("psql -v 'pw=a b'", "psql -v 'pw=… b'"),
            ("prog --password secret -x", "prog --password … -x"),
            ("prog --password=secret -x", "prog --password=… -x"),
            ("password: secret", "password: …"),
            (
                "{ user: a, password: secret, n: 1 }",
                "{ user: a, password: …, n: 1 }",
            ),
            ("{password: secret}", "{password: …}"),
            (
                r#"{"password": "se\"cret", "n": 1}"#,
                r#"{"password": "…", "n": 1}"#,
            ),
            (
                "SELECT '{\"client_secret\":\"x\"}'::jsonb",
                "SELECT '{\"client_secret\":\"…\"}'::jsonb",
            ),
            ("pass := 'secret';", "pass := '…';"),
            ("app_pass=two words", "app_pass=…"),
            ("passwd = 'secret'", "passwd = '…'"),
            ("\u{85}--password secret", "\u{85}--password …"),
        ] {
            assert_eq!(without_passwords(text), wanted);
            assert_eq!(without_passwords(wanted), wanted);
        }
    }

    #[test]
    fn what_is_no_pair_stays() {
        for text in [
            "passfile=/var/lib/pgpass",
            "password_required = false",
            "SELECT password::text FROM a",
            "ALTER ROLE a PASSWORD :'pw'",
            "pg_basebackup --no-password -D data",
            "psql --password -c x",
            "step 1 passed: 3 rows",
            "the password of a",
            "password:",
            "pass://x",
        ] {
            assert_eq!(without_passwords(text), text);
        }
    }
}
