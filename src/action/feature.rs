//! The kernel features that a scenario may require.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of the kernel that not every machine has.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// The queue that delays and loses packets (`sch_netem`): for `delay` and `loss`.
    Netem,
    /// The queue that gives each link its own (`sch_htb`): for `delay`, `loss` and `rate`.
    Htb,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Netem => "netem",
            Self::Htb => "htb",
        })
    }
}
