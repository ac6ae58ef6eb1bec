//! When a node begins.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a node begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With the lab.
    #[default]
    Now,
    /// When somebody starts it.
    Later,
}
