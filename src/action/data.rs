//! What steps do with data: files of SQL, programs.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::name::VariableName;

/// A file of SQL beside the scenario, and its content once it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlFile {
    /// Where, relative to the scenario file.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

impl JsonSchema for SqlFile {
    fn schema_name() -> Cow<'static, str> {
        "SqlFile".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A file of SQL, relative to the scenario file.", "type": "string" })
    }
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program(pub Vec<String>);

impl<'de> Deserialize<'de> for Program {
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
                while let Some(super::Cell(word)) = list.next_element()? {
                    words.push(word.unwrap_or_default());
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

impl JsonSchema for Program {
    fn schema_name() -> Cow<'static, str> {
        "Program".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A program and its arguments: a list, or one text that is split at blanks.",
            "anyOf": [{ "type": "string", "minLength": 1 },
                { "type": "array", "minItems": 1, "items": { "type": ["string", "number", "boolean"] } }]
        })
    }
}

/// Steps for each value of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Repeat {
    /// The values.
    pub over: Vec<super::Cell>,
    /// The name by which the steps know the value: `${name}`.
    #[serde(rename = "as")]
    pub name: VariableName,
    /// The steps.
    #[schemars(rename = "steps", with = "Vec<super::Step>")]
    pub rounds: Vec<Vec<super::Step>>,
}

impl Repeat {
    /// The steps of the round with the value of that index. One round stands for all where no value makes a difference to
    /// what is written.
    #[must_use]
    pub fn round(&self, index: usize) -> &[super::Step] {
        let own = self.rounds.get(index).or(self.rounds.first());
        own.map_or(&[], Vec::as_slice)
    }

    /// The steps of all rounds; once, where all have the same.
    pub fn steps(&self) -> impl Iterator<Item = &super::Step> {
        self.rounds.iter().flatten()
    }
}
