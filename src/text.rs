//! How a message words an error, a number of things and a duration. Every other module may use it.

pub mod foreign;
pub(crate) mod suggest;
pub mod utc;

use std::error::Error;
use std::time::Duration;

/// A text that cannot be read as what is wanted. The message names what was given and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// An error and all its causes on one line, joined by `: `.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // A transparent error repeats the error that it wraps.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// A number with its noun, in the plural unless the number is one: `1 row`, `2 rows`.
#[must_use]
pub fn count(number: impl std::fmt::Display, thing: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A duration for people: `12 ms`, `1.0 s`, `2 min 5 s`, `1 h 30 min`.
#[must_use]
pub fn duration(took: Duration) -> String {
    let millis = took.as_millis();
    if millis < 1000 {
        format!("{millis} ms")
    } else if millis < 120_000 {
        format!("{:.1} s", took.as_secs_f64())
    } else if millis < 3_600_000 {
        format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60)
    } else {
        let minutes = took.as_secs() / 60;
        match (minutes / 60, minutes % 60) {
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        }
    }
}

/// At most this much of a foreign text is quoted in a message.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let mut cut: String = text
        .chars()
        .take(MOST)
        .map(|c| {
            if c.is_control() || foreign::is_hidden(c) {
                ' '
            } else {
                c
            }
        })
        .collect();
    if text.chars().nth(MOST).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_every_other_number_is_plural() {
        let words = [0, 1, 2, 11].map(|number| count(number, "row"));
        assert_eq!(words, ["0 rows", "1 row", "2 rows", "11 rows"]);
    }

    #[test]
    fn a_duration_has_the_unit_that_people_expect() {
        let words = [0, 999, 1000, 12_334, 119_999, 125_000]
            .map(|millis| duration(Duration::from_millis(millis)));
        assert_eq!(
            words,
            ["0 ms", "999 ms", "1.0 s", "12.3 s", "120.0 s", "2 min 5 s"]
        );
        let words = [3_599, 3_600, 5_430].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(words, ["59 min 59 s", "1 h", "1 h 30 min"]);
    }
}
