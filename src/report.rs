//! How results look: tables for people, JSON for programs. Owns formatting; never decides anything.

pub mod table;
pub mod topology;
pub mod up;

use std::time::Duration;

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
