//! A node's data disk of a bounded size.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::action::Cell;
use crate::units::{self, SizeUnit};

/// The size of a node's data disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DiskSize(pub u64);

/// An empty cluster has 40 MB and soon some segments of log; and what memory can be hoped for.
const RANGE: std::ops::RangeInclusive<u64> = 128 << 20..=64 << 30;

impl<'de> Deserialize<'de> for DiskSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Cell(text) = Cell::deserialize(deserializer)?;
        let text = text.ok_or_else(|| de::Error::custom("a size is wanted, such as `512MB`"))?;
        let bytes = units::bytes(&text, SizeUnit::Bytes).map_err(de::Error::custom)?;
        if RANGE.contains(&bytes) {
            Ok(Self(bytes))
        } else {
            let why = "a data disk has between 128MB and 64GB";
            Err(de::Error::custom(format!("`{text}`: {why}")))
        }
    }
}

impl JsonSchema for DiskSize {
    fn schema_name() -> Cow<'static, str> {
        "DiskSize".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The size of a node's data disk: `512MB`. A number alone counts bytes.",
            "type": ["string", "integer"]
        })
    }
}
