//! `exec`: a program in a node's container.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::words::one_line;
use super::{Beside, Declare, Gives, Text};
use crate::name::NodeName;
use crate::yaml::SPELLED;

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exec(pub Vec<String>);

impl<'de> Deserialize<'de> for Exec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Vec<String>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a program with its arguments, as a list or as one text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
                Ok(text.split_whitespace().map(str::to_owned).collect())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
                let mut words = Vec::new();
                while let Some(Word(word)) = list.next_element()? {
                    words.push(word);
                }
                Ok(words)
            }
        }
        let words = deserializer.deserialize_any(Words)?;
        if words.is_empty() {
            return Err(D::Error::custom("there is no program"));
        }
        Ok(Self(words))
    }
}

/// A program or an argument, as it is written: `true` is no `t` here, as it is in a row.
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl<'de> Visitor<'de> for Written {
            type Value = Word;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number or a boolean")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Word, E> {
                Ok(Word(value.to_owned()))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, de: D) -> Result<Word, D::Error> {
                de.deserialize_any(self)
            }
        }
        deserializer.deserialize_newtype_struct(SPELLED, Written)
    }
}

impl JsonSchema for Exec {
    fn schema_name() -> Cow<'static, str> {
        "Exec".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Runs a program in a node's container. The program and its arguments are a list, or one text \
                            that is split at blanks.",
            "anyOf": [{ "type": "string", "minLength": 1 },
                { "type": "array", "minItems": 1, "items": { "type": ["string", "number", "boolean"] } }]
        })
    }
}

impl Declare for Exec {
    const EXAMPLE: &'static str = "\
- exec: [ls, /var/lib/postgresql]
  on: replica
- exec: \"false\"
  expect: { code: 1 }
";

    fn describe(&self) -> String {
        one_line(&self.0.join(" "))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        self.0.iter_mut().map(Text::plain).collect()
    }

    fn takes(&self, key: Beside) -> bool {
        matches!(key, Beside::On | Beside::Capture)
    }

    fn gives(&self) -> Gives {
        Gives::Output
    }

    // A program can write `standby.signal`.
    fn makes_standby<'a>(&'a self, on: Option<&'a NodeName>) -> Option<&'a NodeName> {
        on
    }
}
