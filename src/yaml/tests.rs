//! The tree against the YAML crate's, places, and any text.

use proptest::prelude::*;
use serde_yaml::Value as Theirs;

use super::*;

mod places;
mod read;
mod same;
mod syntax;

fn tree(text: &str) -> Node {
    match parse(text, 0) {
        Ok(document) => document.root,
        Err(error) => panic!("{error} at {}:\n{text}", error.at),
    }
}

/// Every value and key with its place.
fn spots(node: &Node, found: &mut Vec<Spot>) {
    found.push(node.spot);
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| spots(item, found)),
        Value::Map(entries) => {
            for entry in entries {
                found.push(entry.key_spot);
                spots(&entry.value, found);
            }
        }
        _ => {}
    }
}
