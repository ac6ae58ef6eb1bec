//! Steps and checks in one line: the pieces that several of them say.

use crate::name::NodeName;
use crate::sql::password::without_passwords;

use super::{OneOrMany, StateOf};

/// At most so many characters of a text are shown in a line.
const MOST: usize = 90;

/// A text on one line, without passwords, cut where it is long.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = without_passwords(&words.join(" "));
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Several things on one line.
pub(super) fn joined(parts: impl IntoIterator<Item = String>) -> String {
    one_line(&parts.into_iter().collect::<Vec<_>>().join(", "))
}

/// A verb that is about nodes: one `streams`, several `stream`.
pub(super) fn verb(nodes: &OneOrMany<NodeName>, word: &str) -> String {
    let ending = if nodes.0.len() == 1 { "s" } else { "" };
    format!("{word}{ending}")
}

/// The state of each node: `a is primary, b is standby`.
pub(super) fn states_of(verb: &str, states: &StateOf) -> String {
    let pairs = states
        .iter()
        .map(|(node, state)| format!("{node} {verb} {state}"));
    pairs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_left_out_before_a_text_is_cut() {
        let text = format!("SELECT '{}', PASSWORD 'secret'", "a".repeat(MOST - 24));
        let line = one_line(&text);
        assert!(line.ends_with("PASSWORD '…'"), "{line}");
    }
}
