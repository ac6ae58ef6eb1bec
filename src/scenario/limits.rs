//! What a node may take of the machine: memory, processors, processes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::action::Cell;
use crate::units::{self, SizeUnit};

/// The memory of a node, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MemorySize(pub u64);

/// Less does not hold a server that replicates. No machine has more.
const MEMORY: std::ops::RangeInclusive<u64> = 64 << 20..=64 << 40;

impl<'de> Deserialize<'de> for MemorySize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Cell(text) = Cell::deserialize(deserializer)?;
        let text = text.ok_or_else(|| de::Error::custom("a size is wanted, such as `512MB`"))?;
        let bytes = units::bytes(&text, SizeUnit::Bytes).map_err(de::Error::custom)?;
        if MEMORY.contains(&bytes) {
            Ok(Self(bytes))
        } else {
            let why = "a node has between 64MB and 64TB of memory";
            Err(de::Error::custom(format!("`{text}`: {why}")))
        }
    }
}

impl JsonSchema for MemorySize {
    fn schema_name() -> Cow<'static, str> {
        "MemorySize".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The memory of a node: `512MB`. A number alone counts bytes.",
            "type": ["string", "integer"]
        })
    }
}

/// The processors that a node's processes have together: `1.5`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Cpus(pub f64);

/// What Docker takes at least, and what no machine has.
const CPUS: std::ops::RangeInclusive<f64> = 0.01..=4096.0;

impl<'de> Deserialize<'de> for Cpus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Cell(text) = Cell::deserialize(deserializer)?;
        let wanted = "a number of processors is wanted, such as `1.5`";
        let text = text.ok_or_else(|| de::Error::custom(wanted))?;
        let number = text.parse().map_err(|_| {
            let shown = crate::text::shortened(&text);
            de::Error::custom(format!("`{shown}`: {wanted}"))
        })?;
        if CPUS.contains(&number) {
            Ok(Self(number))
        } else {
            let why = "a node has between 0.01 and 4096 processors";
            Err(de::Error::custom(format!("`{text}`: {why}")))
        }
    }
}

impl JsonSchema for Cpus {
    fn schema_name() -> Cow<'static, str> {
        "Cpus".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The processors that a node's processes have together: `1.5`.",
            "type": "number", "minimum": CPUS.start(), "maximum": CPUS.end()
        })
    }
}

/// The most processes of a node at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Pids(pub u32);

/// A server that replicates has twenty, and the kernel has no more numbers than these.
const PIDS: std::ops::RangeInclusive<u32> = 32..=4 << 20;

impl<'de> Deserialize<'de> for Pids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Cell(text) = Cell::deserialize(deserializer)?;
        let wanted = "a whole number of processes is wanted, such as `200`";
        let text = text.ok_or_else(|| de::Error::custom(wanted))?;
        let number = text.parse().map_err(|_| {
            let shown = crate::text::shortened(&text);
            de::Error::custom(format!("`{shown}`: {wanted}"))
        })?;
        if PIDS.contains(&number) {
            Ok(Self(number))
        } else {
            let why = "a node has between 32 and 4194304 processes";
            Err(de::Error::custom(format!("`{text}`: {why}")))
        }
    }
}

impl JsonSchema for Pids {
    fn schema_name() -> Cow<'static, str> {
        "Pids".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The most processes of a node at once.",
            "type": "integer", "minimum": PIDS.start(), "maximum": PIDS.end()
        })
    }
}
