//! From a tree to a type: a serde deserializer whose errors know their place.

mod error;

use std::slice;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::tree::Problem;
use super::tree::{Entry, Node, Value};
use error::ReadError;

/// The name of a newtype that takes a number as it is written: `12.50` as the text `12.50`.
///
/// A visitor that is given to `deserialize_newtype_struct` with this name gets numbers as text, and everything else as
/// from `deserialize_any`. Other formats call its `visit_newtype_struct`.
pub(crate) const SPELLED: &str = "$yaml::Spelled";

impl Node {
    /// Reads this value into a type. What is wrong with it comes with its place.
    ///
    /// ```ignore
    /// #[derive(serde::Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct Delay { from: NodeName, to: NodeName, by: Span }
    ///
    /// match node.read::<Delay>() {
    ///     Ok(delay) => Some(delay),
    ///     // `{ from: primary, too: replica, by: 1s }`: `too` is none of the keys here, did you mean `to`?
    ///     Err(problem) => { problems.push(problem); None }
    /// }
    /// ```
    pub(crate) fn read<'t, T: Deserialize<'t>>(&'t self) -> Result<T, Problem> {
        T::deserialize(self).map_err(|error| error.problem(self))
    }

    /// This value as the only one of a mapping, for what may be written short: `stop: replica` is
    /// `stop: { node: replica }`.
    pub(crate) fn under(self, key: &str) -> Self {
        Self {
            spot: self.spot,
            value: Value::Map(vec![Entry {
                key: key.to_owned(),
                key_spot: self.spot,
                value: self,
            }]),
        }
    }
}

impl Node {
    fn visit<'t, V: Visitor<'t>>(&'t self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Integer(text) => {
                if let Ok(number) = text.parse::<u64>() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = text.parse::<i64>() {
                    visitor.visit_i64(number)
                } else {
                    visitor.visit_borrowed_str(text)
                }
            }
            Value::Float(text) => match text.parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => visitor.visit_borrowed_str(text),
            },
            Value::List(items) => {
                let mut items = Items(items.iter());
                let read = visitor.visit_seq(&mut items)?;
                match items.0.as_slice() {
                    [] => Ok(read),
                    [more, ..] => {
                        let message = "the list has more items than are wanted";
                        Err(ReadError::custom(message).at(more))
                    }
                }
            }
            Value::Map(entries) => visitor.visit_map(Entries::new(entries)),
        }
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.visit(visitor).map_err(|error| error.at(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let read = match &self.value {
            Value::Integer(text) | Value::Float(text) if name == SPELLED => {
                visitor.visit_borrowed_str(text)
            }
            _ if name == SPELLED => self.visit(visitor),
            _ => visitor.visit_newtype_struct(self),
        };
        read.map_err(|error| error.at(self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let read = match &self.value {
            Value::Text(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            Value::Map(entries) => match entries.as_slice() {
                [only] => Variant(only).deserialize_enum(name, variants, visitor),
                _ => Err(ReadError::wanted("a mapping with one key")),
            },
            _ => Err(ReadError::wanted("a word or a mapping with one key")),
        };
        read.map_err(|error| error.at(self))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

/// The items of a list.
struct Items<'t>(slice::Iter<'t, Node>);

impl<'t> SeqAccess<'t> for Items<'t> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'t>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let next = self.0.next().map(|node| {
            let read = seed.deserialize(node);
            read.map_err(|error| error.at(node))
        });
        next.transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The keys of a mapping and their values.
struct Entries<'t> {
    rest: slice::Iter<'t, Entry>,
    value: Option<&'t Entry>,
}

impl<'t> Entries<'t> {
    fn new(entries: &'t [Entry]) -> Self {
        Self {
            rest: entries.iter(),
            value: None,
        }
    }
}

impl<'t> MapAccess<'t> for Entries<'t> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'t>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        self.value = self.rest.next();
        let key = self.value.map(|entry| {
            let read = seed.deserialize(entry.key.as_str().into_deserializer());
            read.map_err(|error: ReadError| error.at_key(entry))
        });
        key.transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'t>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some(entry) = self.value.take() else {
            return Err(ReadError::custom("a value before its key"));
        };
        let read = seed.deserialize(&entry.value);
        read.map_err(|error| error.at(&entry.value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A key that names a variant, and the variant's value.
struct Variant<'t>(&'t Entry);

impl<'de> Deserializer<'de> for Variant<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_map(Entries::new(slice::from_ref(self.0)))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'t> EnumAccess<'t> for Variant<'t> {
    type Error = ReadError;
    type Variant = &'t Node;

    fn variant_seed<V: DeserializeSeed<'t>>(
        self,
        seed: V,
    ) -> Result<(V::Value, &'t Node), ReadError> {
        let read = seed.deserialize(self.0.key.as_str().into_deserializer());
        let variant = read.map_err(|error: ReadError| error.at_key(self.0))?;
        Ok((variant, &self.0.value))
    }
}

impl<'t> VariantAccess<'t> for &'t Node {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<T::Value, ReadError> {
        seed.deserialize(self).map_err(|error| error.at(self))
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'t>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }
}
