//! Where steps name values: `${name}`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Step;

/// The names of the variables that a step uses, without those of the steps within it.
#[must_use]
pub fn used(step: &Step) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_text(&without_steps(step), &mut |text| {
        let closed = places(text).filter_map(|(_, rest)| rest.split_once('}'));
        names.extend(closed.map(|(name, _)| name.to_owned()));
    });
    names
}

/// What follows each `${` of a step that no `}` ends, without those of the steps within it.
#[must_use]
pub fn unclosed(step: &Step) -> Vec<String> {
    let mut found = Vec::new();
    each_text(&without_steps(step), &mut |text| {
        let open = places(text).filter(|(_, rest)| !rest.contains('}'));
        found.extend(open.map(|(_, rest)| rest.to_owned()));
    });
    found
}

/// Where a text names variables: the place of each `${`, and what comes after it. After a `$` it begins none: `$${` and
/// `$tag${` are the beginning of a dollar-quoted text (manual, 4.1.2.4).
pub fn places(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let all = text.match_indices("${");
    all.filter(|(at, _)| !quotes(&text[..*at]))
        .map(|(at, mark)| (at, &text[at + mark.len()..]))
}

/// Whether a `$` after this text is the second of a dollar quote's mark.
fn quotes(before: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let Some(rest) = before.trim_end_matches(word).strip_suffix('$') else {
        return false;
    };
    let tag = &before[rest.len() + 1..];
    tag.is_empty() || !(tag.starts_with(|c: char| c.is_ascii_digit()) || rest.ends_with('$'))
}

fn without_steps(step: &Step) -> Value {
    let mut json = serde_json::to_value(step).unwrap_or_default();
    drop(take_steps(&mut json));
    json
}

/// Where the steps within a step are.
const WITHIN: [&str; 2] = ["/action/hold/during", "/action/repeat/rounds"];

/// Takes the steps within a step out of it.
pub fn take_steps(json: &mut Value) -> [Option<Value>; 2] {
    WITHIN.map(|within| Some(json.pointer_mut(within)?.take()))
}

/// Puts them back where they were.
pub fn put_steps_back(json: &mut Value, steps: [Option<Value>; 2]) {
    for (within, steps) in WITHIN.into_iter().zip(steps) {
        if let (Some(place), Some(steps)) = (json.pointer_mut(within), steps) {
            *place = steps;
        }
    }
}

fn each_text(json: &Value, look: &mut impl FnMut(&str)) {
    match json {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, look)),
        Value::Object(entries) => entries.values().for_each(|value| each_text(value, look)),
        _ => {}
    }
}

/// Whether the text at a key of a step is SQL, in which a value is quoted.
#[must_use]
pub fn is_sql(key: &str) -> bool {
    key == "sql" || key == "text"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dollar_quote_begins_no_variable() {
        let found = |text: &str| {
            places(text)
                .map(|(_, rest)| rest.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("SELECT ${a}, $1${b}"), ["a}, $1${b}", "b}"]);
        assert_eq!(found("DO $$BEGIN PERFORM ${a}; END$$"), ["a}; END$$"]);
        assert_eq!(found("SELECT $$x${a}$$"), ["a}$$"]);
        for text in ["SELECT $${1}$$", "SELECT $j${\"a\": 1}$j$", "$$ {", "$1"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
