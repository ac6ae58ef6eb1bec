//! The walk through a YAML document that makes a tree of it.
//!
//! Owns duplicate keys, merge keys (`<<`) and the limit on a document's size. Never knows what a key means.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::tree::{Entry, Node, Problem, Spot, Value, shortened};

/// Reads a document into a [`Node`], or stops on purpose at one spot of it to learn where that is.
///
/// Only the YAML crate's errors carry a line, so the place of a value is found by reading the text again and failing
/// there.
pub(super) struct Walk {
    origin: usize,
    next: Cell<usize>,
    stop_at: Option<usize>,
    problems: RefCell<Vec<Problem>>,
    refusal: Cell<Option<&'static str>>,
    text_bytes: Cell<usize>,
}

impl Walk {
    /// Values in one document, each use of an alias counted. Without aliases a file of a megabyte, the most that is
    /// read, holds fewer; with them it may hold any number.
    const MOST_VALUES: usize = 1 << 20;
    /// Bytes of text in one document, each use of an alias counted.
    const MOST_TEXT: usize = 8 << 20;

    const TOO_MUCH: &str = "there is far too much in here once every alias is followed";

    pub(super) fn new(origin: usize) -> Self {
        Self {
            origin,
            next: Cell::new(0),
            stop_at: None,
            problems: RefCell::default(),
            refusal: Cell::default(),
            text_bytes: Cell::new(0),
        }
    }

    /// A walk that fails at the value counted `index`.
    pub(super) fn stopping_at(index: usize) -> Self {
        Self {
            stop_at: Some(index),
            ..Self::new(0)
        }
    }

    /// Why this walk refused the document, in words better than the YAML crate's.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        self.refusal.get()
    }

    /// What was wrong and did not keep the rest from being read.
    pub(super) fn problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    fn refuse<E: Error>(&self, why: &'static str) -> E {
        self.refusal.set(Some(why));
        E::custom(why)
    }

    fn enter<E: Error>(&self) -> Result<Spot, E> {
        let index = self.next.get();
        self.next.set(index + 1);
        if self.stop_at == Some(index) {
            return Err(E::custom("here"));
        }
        if index >= Self::MOST_VALUES {
            return Err(self.refuse(Self::TOO_MUCH));
        }
        Ok(Spot {
            origin: self.origin,
            index,
        })
    }

    fn leaf<E: Error>(&self, value: Value) -> Result<Node, E> {
        let spot = self.enter()?;
        Ok(Node { spot, value })
    }

    fn map(&self, spot: Spot, raw: Vec<(Node, Node)>) -> Node {
        let mut problems = self.problems.borrow_mut();
        let mut entries = Vec::with_capacity(raw.len());
        let mut seen = HashSet::new();
        let mut merges = Vec::new();
        for (key, value) in raw {
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
        for merged in merges
            .into_iter()
            .flat_map(|node| merged(node, &mut problems))
        {
            // What is written in the mapping itself wins, and of several merged mappings the first.
            if seen.insert(merged.key.clone()) {
                entries.push(merged);
            }
        }
        Node {
            spot,
            value: Value::Map(entries),
        }
    }
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

impl<'de> DeserializeSeed<'de> for &Walk {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Walk {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.leaf(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.leaf(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.leaf(Value::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.leaf(Value::Integer(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.leaf(Value::Integer(value.to_string()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        self.leaf(Value::Integer(value.to_string()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        self.leaf(Value::Integer(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.leaf(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.text_bytes.set(self.text_bytes.get() + value.len());
        if self.text_bytes.get() > Walk::MOST_TEXT {
            return Err(self.refuse(Walk::TOO_MUCH));
        }
        self.leaf(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let spot = self.enter()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Node {
            spot,
            value: Value::List(items),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let spot = self.enter()?;
        let mut raw = Vec::new();
        while let Some(entry) = map.next_entry_seed(self, self)? {
            raw.push(entry);
        }
        Ok(self.map(spot, raw))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        Err(self.refuse("a YAML tag (`!…`) has no meaning here"))
    }
}
