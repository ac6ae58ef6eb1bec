//! `rate`: limited bandwidth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link;
use super::{Bandwidth, Declare, Flaw, Known, OneOrMany, Step};
use crate::action::Feature;
use crate::name::NodeName;

/// Limits the bandwidth from `from` to `to`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The sending nodes.
    pub from: OneOrMany<NodeName>,
    /// The receiving nodes.
    pub to: OneOrMany<NodeName>,
    /// The bandwidth: `1Mbit`, or in bytes a second `128kB`.
    pub rate: Bandwidth,
}

impl Declare for Rate {
    const EXAMPLE: &'static str = "- rate: { from: primary, to: replica, rate: 1Mbit }\n";

    fn describe(&self) -> String {
        let Self { from, to, rate } = self;
        format!("limit traffic from {from} to {to} to {rate}")
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        link::sides(&self.from, &self.to)
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        link::overlap(&self.from, &self.to)
    }

    fn network(&self) -> Option<&'static [Feature]> {
        Some(&[Feature::Htb])
    }
}
