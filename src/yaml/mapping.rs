//! The keys of a mapping: duplicate keys and merge keys (`<<`).

use std::collections::HashSet;

use super::tree::Problem;
use super::tree::{Entry, Node, Value};
use crate::text::shortened;

/// The entries of a mapping. A key that is no text, or there twice, is a problem.
pub(super) fn entries(pairs: Vec<(Node, Node)>, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(pairs.len());
    let mut seen = HashSet::new();
    let mut merges = Vec::new();
    for (key, value) in pairs {
        let Some(text) = key_text(&key) else {
            problems.push(key.problem(format!("a key is text, not {}", key.described()), None));
            continue;
        };
        if !seen.insert(text.clone()) {
            let message = format!("`{}` is here twice", shortened(&text));
            let help = "each name is written once in a mapping".to_owned();
            problems.push(key.problem(message, Some(help)));
        } else if text == "<<" {
            merges.push(value);
        } else {
            entries.push(Entry {
                key: text,
                key_spot: key.spot,
                value,
            });
        }
    }
    for merged in merges.into_iter().flat_map(|node| merged(node, problems)) {
        // What is written in the mapping itself wins, and of several merged mappings the first.
        if seen.insert(merged.key.clone()) {
            entries.push(merged);
        }
    }
    entries
}

fn key_text(key: &Node) -> Option<String> {
    match key.value {
        Value::Null => Some("null".to_owned()),
        _ => key.scalar(),
    }
}

/// The entries that a merge key brings in.
fn merged(node: Node, problems: &mut Vec<Problem>) -> Vec<Entry> {
    match node.value {
        Value::Map(entries) => entries,
        Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Map(_))) => items
            .into_iter()
            .flat_map(|item| merged(item, problems))
            .collect(),
        _ => {
            let message = format!("`<<` merges a mapping, not {}", node.described());
            let help = "write `<<: *anchor`, or a list of such".to_owned();
            problems.push(node.problem(message, Some(help)));
            Vec::new()
        }
    }
}
