//! Errors of reading a value into a type, with their places.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use crate::text::shortened;
use crate::text::suggest::did_you_mean_or_list;
use crate::yaml::tree::Problem;
use crate::yaml::tree::{Entry, Node, Spot};

/// Why a value is not of a type.
#[derive(Debug)]
pub(crate) struct ReadError {
    place: Option<(Spot, String)>,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    /// In the words of the type.
    Said(String),
    Missing(&'static str),
    /// A key or a word that the type does not have.
    Unknown {
        given: String,
        what: &'static str,
        known: &'static [&'static str],
    },
    /// Something else is there than what the type takes.
    Wanted(String),
}

impl ReadError {
    fn new(reason: Reason) -> Self {
        let place = None;
        Self { place, reason }
    }

    pub(super) fn wanted(what: &str) -> Self {
        Self::new(Reason::Wanted(what.to_owned()))
    }

    /// The error with a place, unless it has a nearer one.
    pub(super) fn at(mut self, node: &Node) -> Self {
        if self.place.is_none() {
            self.place = Some((node.spot, node.described()));
        }
        self
    }

    pub(super) fn at_key(mut self, entry: &Entry) -> Self {
        if self.place.is_none() {
            let found = format!("the key `{}`", shortened(&entry.key));
            self.place = Some((entry.key_spot, found));
        }
        self
    }

    pub(super) fn problem(self, around: &Node) -> Problem {
        let ReadError { place, reason } = self.at(around);
        let (spot, found) = place.unwrap_or((around.spot, around.described()));
        let (message, help) = match reason {
            Reason::Said(message) => (message, None),
            Reason::Missing(key) => (format!("the key `{key}` is missing"), None),
            Reason::Wanted(wanted) => (format!("{wanted} is wanted, not {found}"), None),
            Reason::Unknown { given, what, known } => (
                format!("`{}` is none of the {what} here", shortened(&given)),
                Some(did_you_mean_or_list(&given, what, known)),
            ),
        };
        Problem {
            spot,
            message,
            help,
        }
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Said(message) => f.write_str(message),
            Reason::Missing(key) => write!(f, "the key `{key}` is missing"),
            Reason::Unknown { given, what, .. } => write!(f, "`{given}` is none of the {what}"),
            Reason::Wanted(wanted) => write!(f, "{wanted} is wanted"),
        }
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(Reason::Said(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::new(Reason::Wanted(in_our_words(&wanted.to_string())))
    }

    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let wanted = match wanted.to_string().as_str() {
            "u8" => format!("a whole number from 0 to {}", u8::MAX),
            "u16" => format!("a whole number from 0 to {}", u16::MAX),
            "u32" => format!("a whole number from 0 to {}", u32::MAX),
            other => in_our_words(other),
        };
        Self::new(Reason::Wanted(wanted))
    }

    fn invalid_length(_: usize, wanted: &dyn Expected) -> Self {
        Self::new(Reason::Wanted(in_our_words(&wanted.to_string())))
    }

    fn unknown_variant(given: &str, known: &'static [&'static str]) -> Self {
        let (given, what) = (given.to_owned(), "words");
        Self::new(Reason::Unknown { given, what, known })
    }

    fn unknown_field(given: &str, known: &'static [&'static str]) -> Self {
        let (given, what) = (given.to_owned(), "keys");
        Self::new(Reason::Unknown { given, what, known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Reason::Missing(key))
    }
}

/// The expected value: serde's words for Rust's types, translated for people.
fn in_our_words(wanted: &str) -> String {
    match wanted {
        "a string" => "text".to_owned(),
        "newtype variant" => "a mapping with one key".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        _ if wanted.starts_with("struct ") => "a mapping".to_owned(),
        _ => match wanted.strip_prefix("a tuple of size ") {
            Some(size) => format!("a list of {size}"),
            None => wanted.to_owned(),
        },
    }
}
