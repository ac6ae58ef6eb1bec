//! The small values that steps are written with.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Unexpected, Visitor, value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::NodeName;
use crate::units::{self, TimeUnit};
use crate::yaml::SPELLED;

/// How long: `10s`, `250ms`, `2min`. A number alone counts seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}us", self.0.as_micros()))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Cell(text) = Cell::deserialize(deserializer)?;
        let text = text.ok_or_else(|| D::Error::custom("a duration is wanted, such as `10s`"))?;
        let span = units::duration(&text, TimeUnit::Seconds).map_err(D::Error::custom)?;
        Ok(Self(span))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How long: `10s`, `250ms`, `2min`. A number alone counts seconds.",
            "type": ["string", "number"]
        })
    }
}

/// A size or a time: `16MB`, `5s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Bytes.
    Bytes(u64),
    /// A time.
    Time(Duration),
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes} B"),
            Self::Time(time) => f.write_str(&crate::text::duration(*time)),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(bytes) => serializer.collect_str(&format_args!("{bytes}B")),
            Self::Time(time) => serializer.collect_str(&format_args!("{}us", time.as_micros())),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let size = units::bytes(&text, units::SizeUnit::Bytes).ok();
        let has_unit = text.trim().ends_with(|c: char| c.is_ascii_alphabetic());
        if let Some(bytes) = size.filter(|_| has_unit) {
            return Ok(Self::Bytes(bytes));
        }
        match units::duration(&text, TimeUnit::Seconds) {
            Ok(time) if has_unit => Ok(Self::Time(time)),
            _ => {
                let message =
                    format!("`{text}` is neither a size such as `16MB` nor a time such as `5s`");
                Err(D::Error::custom(message))
            }
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A size or a time: `16MB`, `5s`.",
            "type": "string", "pattern": "^[0-9.]+ ?(B|kB|MB|GB|TB|us|ms|s|min|h|d)$"
        })
    }
}

/// A value as PostgreSQL writes it: text, a number, `true` as `t` and `false` as `f`, `null` for NULL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell(pub Option<String>);

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("NULL"))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl<'de> Visitor<'de> for Scalar {
            type Value = Cell;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, a boolean or `null`")
            }
            fn visit_unit<E: Error>(self) -> Result<Cell, E> {
                Ok(Cell(None))
            }
            fn visit_none<E: Error>(self) -> Result<Cell, E> {
                Ok(Cell(None))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Cell, E> {
                Ok(Cell(Some(if value { "t" } else { "f" }.to_owned())))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Cell, E> {
                Ok(Cell(Some(value.to_string())))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Cell, E> {
                Ok(Cell(Some(value.to_string())))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Cell, E> {
                Ok(Cell(Some(value.to_string())))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Cell, E> {
                Ok(Cell(Some(value.to_owned())))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, de: D) -> Result<Cell, D::Error> {
                de.deserialize_any(self)
            }
        }
        deserializer.deserialize_newtype_struct(SPELLED, Scalar)
    }
}

impl JsonSchema for Cell {
    fn schema_name() -> Cow<'static, str> {
        "Cell".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description":
                "A value as PostgreSQL writes it: text, a number, `true` as `t` and `false` as `f`, `null` for NULL.",
            "type": ["string", "number", "boolean", "null"]
        })
    }
}

/// A word or a number by node.
pub type StateOf = BTreeMap<NodeName, Cell>;

/// The schema of [`StateOf`]. Other names have the same pattern, and a schema by pattern would not tell which is meant.
pub(super) fn by_node(generator: &mut SchemaGenerator) -> Schema {
    let name = generator.subschema_for::<NodeName>();
    let value = generator.subschema_for::<Cell>();
    json_schema!({ "type": "object", "propertyNames": name, "additionalProperties": value })
}

/// One thing, or a list of such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl OneOrMany<NodeName> {
    /// Each of the nodes with the key at which it stands.
    pub(super) fn at(&self, key: &'static str) -> impl Iterator<Item = (&'static str, &NodeName)> {
        self.0.iter().map(move |node| (key, node))
    }
}

impl<T: fmt::Display> fmt::Display for OneOrMany<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&items.join(", "))
    }
}

impl<T: Serialize> Serialize for OneOrMany<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Vec<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
                T::deserialize(value::StrDeserializer::new(text)).map(|item| vec![item])
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                if items.is_empty() {
                    return Err(A::Error::invalid_value(Unexpected::Seq, &self));
                }
                Ok(items)
            }
        }
        deserializer.deserialize_any(Items(PhantomData)).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}s", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "minItems": 1, "items": one }] })
    }
}
