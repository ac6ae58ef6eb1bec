//! A YAML document as a tree that remembers where each of its values stands.
//!
//! Owns how values are found in it and described.

use crate::text::shortened;

/// The place of a value, in bytes. The value of an alias has the place of its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// 0 is the file, n the n-th override.
    pub(crate) origin: usize,
    pub(crate) start: usize,
    /// The byte behind the last one.
    pub(crate) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) spot: Spot,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    /// As decimal digits.
    Integer(String),
    /// As it is written where PostgreSQL writes numbers so, such as `12.50` and `1e+20`; otherwise as PostgreSQL would.
    Float(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_spot: Spot,
    pub(crate) value: Node,
}

impl Entry {
    /// A problem with this key.
    pub(crate) fn problem(&self, message: impl Into<String>, help: Option<String>) -> Problem {
        Problem {
            spot: self.key_spot,
            message: message.into(),
            help,
        }
    }
}

/// An error whose place is a spot still, not a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) spot: Spot,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Node {
    /// A problem with this value.
    pub(crate) fn problem(&self, message: impl Into<String>, help: Option<String>) -> Problem {
        Problem {
            spot: self.spot,
            message: message.into(),
            help,
        }
    }

    /// A scalar as text.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Null | Value::List(_) | Value::Map(_) => None,
            Value::Boolean(value) => Some(value.to_string()),
            Value::Integer(text) | Value::Float(text) | Value::Text(text) => Some(text.clone()),
        }
    }

    /// The value with its article, for `… where … is wanted`.
    pub(crate) fn described(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Boolean(value) => format!("the boolean `{value}`"),
            Value::Integer(text) | Value::Float(text) => format!("the number `{text}`"),
            Value::Text(text) => format!("the text `{}`", shortened(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    pub(crate) fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        match &mut self.value {
            Value::Map(entries) => entries.iter_mut().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value at a path such as `nodes.replica.conf.hot_standby` or `data[0].rows`, with its key.
    ///
    /// A key that has a dot in it is found as well, since keys are compared whole.
    pub(crate) fn find(&self, path: &str) -> Option<(Option<&Entry>, &Node)> {
        if path.is_empty() {
            return Some((None, self));
        }
        match &self.value {
            Value::Map(entries) => entries.iter().find_map(|entry| {
                let rest = path.strip_prefix(entry.key.as_str())?;
                if rest.is_empty() {
                    return Some((Some(entry), &entry.value));
                }
                let rest = rest
                    .strip_prefix('.')
                    .or(rest.starts_with('[').then_some(rest))?;
                entry.value.find(rest)
            }),
            Value::List(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                let item = items.get(index.parse::<usize>().ok()?)?;
                item.find(rest.strip_prefix('.').unwrap_or(rest))
            }
            _ => None,
        }
    }
}
