//! Amounts of traffic: a percentage, a bandwidth.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Cell;
use crate::text::Unreadable;

/// A percentage: more than 0 and at most 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percent(pub f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl std::str::FromStr for Percent {
    type Err = Unreadable;
    fn from_str(given: &str) -> Result<Self, Unreadable> {
        let number = given.strip_suffix('%').unwrap_or(given).trim().parse();
        number
            .ok()
            .filter(|number| *number > 0.0 && *number <= 100.0)
            .map(Self)
            .ok_or_else(|| {
                let message =
                    format!("`{given}` is not a percentage: it is above 0 and at most 100");
                Unreadable(message)
            })
    }
}

/// A bandwidth in bits a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth(pub u64);

/// The units, the longest of each ending first. Those of bits count by 1000, as networks do; those of bytes by 1024, as
/// PostgreSQL does.
const UNITS: [(&str, u64); 9] = [
    ("gbit", 1_000_000_000),
    ("mbit", 1_000_000),
    ("kbit", 1000),
    ("bit", 1),
    ("gb", 8 << 30),
    ("mb", 8 << 20),
    ("kb", 8 << 10),
    ("b", 8),
    ("", 0),
];

/// The slowest link that anything still gets through, and the fastest that can be told from none.
const RANGE: std::ops::RangeInclusive<f64> = 8000.0..=10e9;

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = UNITS[..4]
            .iter()
            .find(|(_, size)| self.0.is_multiple_of(*size))
            .unwrap_or(&UNITS[3]);
        let unit = unit.replace("mbit", "Mbit").replace("gbit", "Gbit");
        write!(f, "{}{unit}/s", self.0 / size)
    }
}

impl std::str::FromStr for Bandwidth {
    type Err = Unreadable;
    fn from_str(given: &str) -> Result<Self, Unreadable> {
        let wrong = |why: &str| Err(Unreadable(format!("`{given}` is not a rate: {why}")));
        let text = given.to_lowercase();
        let text = text.strip_suffix("/s").unwrap_or(&text).trim();
        let Some((unit, size)) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)) else {
            return wrong("it has no unit");
        };
        let Ok(number) = text[..text.len() - unit.len()].trim().parse::<f64>() else {
            return wrong(
                "it begins with no number, or its unit is none of bit, kbit, Mbit, Gbit, B, kB, MB and GB",
            );
        };
        if *size == 0 {
            return wrong("it has no unit: 1Mbit is 1000 kbit, 128kB are 1024 kbit and more");
        }
        #[expect(clippy::cast_precision_loss, reason = "units are small powers")]
        let bits = number * *size as f64;
        if !RANGE.contains(&bits) {
            return wrong("links can have between 8kbit and 10Gbit");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is in the range"
        )]
        Ok(Self(bits as u64))
    }
}

/// Values that are written as one scalar.
macro_rules! scalar {
    ($type:ident, $wanted:literal, $description:literal, $types:tt) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let Cell(text) = Cell::deserialize(deserializer)?;
                let text = text.ok_or_else(|| de::Error::custom($wanted))?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "description": $description, "type": $types })
            }
        }
    };
}

scalar!(
    Percent,
    "a percentage is wanted, such as `30`",
    "A percentage: more than 0 and at most 100.",
    ["string", "number"]
);
scalar!(
    Bandwidth,
    "a rate is wanted, such as `1Mbit`",
    "A bandwidth: `1Mbit`, `500kbit`, or in bytes a second `128kB`, `2MB`.",
    "string"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_bits_by_thousands_and_bytes_as_postgresql_does() {
        for (text, bits, shown) in [
            ("1Mbit", 1_000_000, "1Mbit/s"),
            ("1.5mbit/s", 1_500_000, "1500kbit/s"),
            ("128kB", 1_048_576, "1048576bit/s"),
            ("2 MB", 16_777_216, "16777216bit/s"),
            ("8kbit", 8000, "8kbit/s"),
        ] {
            let rate: Bandwidth = text.parse().expect(text);
            assert_eq!((rate.0, rate.to_string().as_str()), (bits, shown), "{text}");
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        for text in [
            "", "fast", "1", "0bit", "-1Mbit", "1Mbps", "100Gbit", "nanMbit", "infMB",
        ] {
            assert!(text.parse::<Bandwidth>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_percentage_is_above_nothing_and_at_most_all() {
        assert_eq!("30".parse(), Ok(Percent(30.0)));
        assert_eq!("0.5%".parse(), Ok(Percent(0.5)));
        for text in ["0", "101", "-1", "nan", "half"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }
}
