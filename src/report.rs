//! How results look: tables for people, JSON for programs. Owns formatting; never decides anything.

mod case;
pub mod junit;
pub mod run;
pub mod runs;
pub mod steps;
pub mod table;
pub mod tap;
pub mod topology;
pub mod up;

use std::error::Error;
use std::time::Duration;

/// An error with all its causes in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Transparent errors repeat what they wrap.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// A number of things: `1 row`, `2 rows`.
#[must_use]
pub fn count(number: impl std::fmt::Display, thing: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A duration as people read it: `12 ms`, `1.0 s`, `2 min 5 s`.
#[must_use]
pub fn duration(took: Duration) -> String {
    let millis = took.as_millis();
    if millis < 1000 {
        format!("{millis} ms")
    } else if millis < 120_000 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_no_several() {
        let said = [0, 1, 2, 11].map(|number| count(number, "row"));
        assert_eq!(said, ["0 rows", "1 row", "2 rows", "11 rows"]);
    }
}
