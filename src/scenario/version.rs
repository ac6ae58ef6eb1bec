//! The PostgreSQL version of a node.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A major version of PostgreSQL, or an image that has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostgresVersion {
    /// A major version: the image is found, pulled or built (design: images).
    Major(u32),
    /// An image reference, used as it stands: `postgres:17.2`.
    Image(String),
}

impl PostgresVersion {
    /// The oldest and newest major versions that `lab` knows how to run.
    pub const MAJORS: std::ops::RangeInclusive<u32> = 13..=18;

    /// The major version, where it can be told without looking into the image: from a tag such as `17.2-alpine`.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        let reference = match self {
            Self::Major(major) => return Some(*major),
            Self::Image(reference) => reference,
        };
        let (_, tag) = reference.split('@').next()?.rsplit_once(':')?;
        // A registry's port is followed by a path.
        let number = tag
            .split(['.', '-'])
            .next()
            .filter(|_| !tag.contains('/'))?;
        let major = number.parse().ok()?;
        Self::MAJORS.contains(&major).then_some(major)
    }
}

impl Default for PostgresVersion {
    fn default() -> Self {
        Self::Major(17)
    }
}

impl fmt::Display for PostgresVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Major(major) => write!(f, "{major}"),
            Self::Image(reference) => f.write_str(reference),
        }
    }
}

/// Why a word is neither a major version nor an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a major version of PostgreSQL (13 to 18) nor an image (`postgres:17.2`)")]
pub struct VersionError(String);

impl std::str::FromStr for PostgresVersion {
    type Err = VersionError;
    fn from_str(given: &str) -> Result<Self, VersionError> {
        if let Ok(major) = given.parse::<u32>() {
            return if Self::MAJORS.contains(&major) {
                Ok(Self::Major(major))
            } else {
                Err(VersionError(given.to_owned()))
            };
        }
        let image = given.starts_with(|c: char| c.is_ascii_alphanumeric())
            && given.len() <= 255
            && given.chars().any(|c| c.is_ascii_alphabetic())
            && given
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c));
        if image {
            Ok(Self::Image(given.to_owned()))
        } else {
            Err(VersionError(given.to_owned()))
        }
    }
}

impl JsonSchema for PostgresVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PostgresVersion".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A major version of PostgreSQL (17) or an image (postgres:17.2).",
            "anyOf": [
                { "type": "integer", "minimum": 13, "maximum": 18 },
                { "type": "string", "minLength": 1, "maxLength": 255 }
            ]
        })
    }
}
