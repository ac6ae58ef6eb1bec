//! The rounds of a `repeat`: its steps as each value of its list makes them.
//!
//! A name may be a value's, as in `on: ${node}`, so what is written is read once for each value, and every value's steps
//! are checked. In SQL the values are put in when the steps happen, as literals.

use crate::action::text;
use crate::yaml::{Entry, Node, Value};

/// What is written, once for each value. Once in all where no value makes a difference, or where it cannot be known yet.
pub(super) fn rounds(written: &Node, name: &str, values: &[String]) -> Vec<Node> {
    let known = values.iter().all(|value| !value.contains("${"));
    let makes_a_difference = filled(written, "", name, "") != *written;
    if !known || !makes_a_difference || is_given_again(written, name) {
        return vec![written.clone()];
    }
    let values = values.iter();
    values
        .map(|value| filled(written, "", name, value))
        .collect()
}

/// Whether a step in it gives the name another value.
fn is_given_again(written: &Node, name: &str) -> bool {
    match &written.value {
        Value::List(items) => items.iter().any(|item| is_given_again(item, name)),
        Value::Map(entries) => entries.iter().any(|entry| {
            let gives = matches!(entry.key.as_str(), "capture" | "as");
            gives && entry.value.scalar().as_deref() == Some(name)
                || is_given_again(&entry.value, name)
        }),
        _ => false,
    }
}

/// What is written with the value in place of the name, but for SQL.
fn filled(written: &Node, key: &str, name: &str, value: &str) -> Node {
    let filled_in = match &written.value {
        Value::Text(text) if !is_sql(key) => Value::Text(put(text, name, value)),
        Value::List(items) => {
            let items = items.iter();
            Value::List(items.map(|item| filled(item, key, name, value)).collect())
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| Entry {
                key: put(&entry.key, name, value),
                key_spot: entry.key_spot,
                value: filled(&entry.value, &entry.key, name, value),
            });
            Value::Map(entries.collect())
        }
        other => other.clone(),
    };
    Node {
        spot: written.spot,
        value: filled_in,
    }
}

/// Whether the text at a key of a step is SQL, in which a value is quoted when the step happens.
fn is_sql(key: &str) -> bool {
    key == "sql"
}

fn put(text: &str, name: &str, value: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for (at, rest) in text::places(text) {
        if rest.split_once('}').is_some_and(|(named, _)| named == name) {
            filled.push_str(&text[from..at]);
            filled.push_str(value);
            from = at + name.len() + "${}".len();
        }
    }
    filled.push_str(&text[from..]);
    filled
}

/// What was found in the rounds: what is wrong in all of them once and where it stands, what is wrong with some values
/// where those stand.
pub(super) fn merged<T: Clone + PartialEq>(
    rounds: &[Vec<T>],
    at_value: impl Fn(&T, usize) -> T,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for (index, found) in rounds.iter().enumerate() {
        for one in found {
            let everywhere = rounds.iter().all(|found| found.contains(one));
            let one = if everywhere {
                one.clone()
            } else {
                at_value(one, index)
            };
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_for_its_name_only() {
        assert_eq!(put("${node}", "node", "leaf"), "leaf");
        assert_eq!(
            put("${node}_slot of ${other}", "node", "leaf"),
            "leaf_slot of ${other}"
        );
        assert_eq!(put("$${node}", "node", "leaf"), "$${node}");
    }

    #[test]
    fn what_is_wrong_everywhere_is_said_once_and_the_rest_of_its_value() {
        let rounds = [
            vec!["all", "no a"],
            vec!["all"],
            vec!["all", "no c", "no c"],
        ];
        let said = merged(
            &rounds.map(|it| it.iter().map(ToString::to_string).collect()),
            |one: &String, index| format!("{index}: {one}"),
        );
        assert_eq!(said, ["all", "0: no a", "2: no c"]);
    }
}
