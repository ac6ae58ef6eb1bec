//! The pieces that every section is read with: mappings, keys, texts, numbers.

use std::fmt::Display;
use std::str::FromStr;

use super::Reader;
use crate::text::shortened;
use crate::text::suggest::{choice, did_you_mean_or_list};
use crate::yaml::{Entry, Node, Value};

impl Reader<'_> {
    /// A mapping's entries. Keys that are not `known` are errors.
    pub(super) fn section<'t>(
        &mut self,
        node: &'t Node,
        what: &str,
        known: &[&str],
    ) -> &'t [Entry] {
        let Value::Map(entries) = &node.value else {
            let message = format!("a mapping is wanted, not {}", node.described());
            let help = if node.value == Value::Null {
                "write `{}` for one without keys".to_owned()
            } else {
                choice(what, known)
            };
            self.problems.push(node.problem(message, Some(help)));
            return &[];
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("`{}` is none of the {what}", shortened(&entry.key));
                let help = did_you_mean_or_list(&entry.key, what, known);
                self.problems.push(entry.problem(message, Some(help)));
            }
        }
        entries
    }

    pub(super) fn required<'t>(
        &mut self,
        node: &Node,
        keys: &'t [Entry],
        key: &str,
    ) -> Option<&'t Node> {
        let found = keys.iter().find(|entry| entry.key == key);
        if found.is_none() && matches!(node.value, Value::Map(_)) {
            let message = format!("the key `{key}` is missing");
            self.problems.push(node.problem(message, None));
        }
        found.map(|entry| &entry.value)
    }

    pub(super) fn optional<T>(
        &mut self,
        keys: &[Entry],
        key: &str,
        read: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Option<T> {
        let entry = keys.iter().find(|entry| entry.key == key)?;
        read(self, &entry.value)
    }

    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {
                let message = format!("text is wanted, not {}", node.described());
                let help = "put it in quotes".to_owned();
                self.problems.push(node.problem(message, Some(help)));
                None
            }
            _ => self.wrong_type(node, "text"),
        }
    }

    pub(super) fn text_as<T: FromStr<Err: Display>>(&mut self, node: &Node) -> Option<T> {
        match self.text(node)?.parse() {
            Ok(value) => Some(value),
            Err(error) => self.refuse(node, &error),
        }
    }

    /// As [`Self::text_as`], without quoting what is a secret.
    pub(super) fn text_as_quietly<T: TryFrom<String, Error: Display>>(
        &mut self,
        node: &Node,
    ) -> Option<T> {
        let Value::Text(text) = &node.value else {
            let help = "put it in quotes".to_owned();
            self.problems
                .push(node.problem("a password is text", Some(help)));
            return None;
        };
        match T::try_from(text.clone()) {
            Ok(value) => Some(value),
            Err(error) => self.refuse(node, &error),
        }
    }

    pub(super) fn key_as<T: FromStr<Err: Display>>(&mut self, entry: &Entry) -> Option<T> {
        match entry.key.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.problems
                    .push(entry.problem(shortened_message(&error), None));
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Boolean(value) => Some(*value),
            Value::Text(text) if text == "on" => Some(true),
            Value::Text(text) if text == "off" => Some(false),
            _ => self.wrong_type(node, "`true` or `false`"),
        }
    }

    pub(super) fn number(&mut self, node: &Node, least: u64, most: u64) -> Option<u64> {
        let wanted = format!("a whole number from {least} to {most}");
        let Value::Integer(text) = &node.value else {
            return self.wrong_type(node, &wanted);
        };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => self.wrong_type(node, &wanted),
        }
    }

    /// A list's items, without those that could not be read.
    pub(super) fn list<T>(
        &mut self,
        node: &Node,
        wanted: &str,
        read: impl Fn(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::List(items) = &node.value else {
            return self.wrong_type(node, wanted);
        };
        Some(items.iter().filter_map(|item| read(self, item)).collect())
    }

    /// The value that one of `words` stands for.
    pub(super) fn word_of<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[&str],
        values: &[T],
    ) -> Option<T> {
        let text = self.text(node)?;
        let found = words.iter().position(|word| *word == text);
        if let Some(value) = found.and_then(|at| values.get(at)) {
            return Some(*value);
        }
        let message = format!("`{}` is no {what}", shortened(&text));
        let help = did_you_mean_or_list(&text, "words", words);
        self.problems.push(node.problem(message, Some(help)));
        None
    }

    pub(super) fn wrong_type<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        let message = format!("{wanted} is wanted, not {}", node.described());
        self.problems.push(node.problem(message, None));
        None
    }

    pub(super) fn refuse<T>(&mut self, node: &Node, error: &dyn Display) -> Option<T> {
        self.problems
            .push(node.problem(shortened_message(error), None));
        None
    }
}

/// A message that may quote a text of any length.
fn shortened_message(error: &dyn Display) -> String {
    const MOST: usize = 300;
    let message = error.to_string().replace(['\n', '\r', '\t'], " ");
    match message.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &message[..at]),
        None => message,
    }
}
