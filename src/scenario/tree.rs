//! A YAML document as a tree that remembers where each of its values stands.
//!
//! Owns how values are found in it and described. Never knows what a key means.

/// Where a value stands: the n-th value, keys counted, of the file or of an override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    /// 0 is the file, n the n-th override.
    pub(super) origin: usize,
    /// Values and keys are counted in the order of a reader who follows every alias.
    pub(super) index: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    /// As decimal digits.
    Integer(String),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_spot: Spot,
    pub(super) value: Node,
}

/// An error whose place is a spot still, not a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) spot: Spot,
    /// The text that stands there, where it is known, for the caret's width.
    pub(super) text: Option<String>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Node {
    /// A problem with this value.
    pub(super) fn problem(&self, message: impl Into<String>, help: Option<String>) -> Problem {
        Problem {
            spot: self.spot,
            text: self.scalar(),
            message: message.into(),
            help,
        }
    }

    /// A scalar as text, roughly as it was written.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Null | Value::List(_) | Value::Map(_) => None,
            Value::Boolean(value) => Some(value.to_string()),
            Value::Integer(text) | Value::Text(text) => Some(text.clone()),
            Value::Float(value) => Some(value.to_string()),
        }
    }

    /// The value with its article, for `… where … is wanted`.
    pub(super) fn described(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Boolean(value) => format!("the boolean `{value}`"),
            Value::Integer(text) => format!("the number `{text}`"),
            Value::Float(value) => format!("the number `{value}`"),
            Value::Text(text) => format!("the text `{}`", shortened(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    pub(super) fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        match &mut self.value {
            Value::Map(entries) => entries.iter_mut().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value at a path such as `nodes.replica.conf.hot_standby` or `data[0].rows`, with its key.
    ///
    /// A key that has a dot in it is found as well, since keys are compared whole.
    pub(super) fn find(&self, path: &str) -> Option<(Option<&Entry>, &Node)> {
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

/// At most this much of a foreign text is quoted in a message.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let mut cut: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        cut.push('…');
    }
    cut
}
