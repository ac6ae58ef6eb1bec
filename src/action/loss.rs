//! `loss`: packets that do not arrive.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link;
use super::{Declare, Flaw, Known, OneOrMany, Percent, Step};
use crate::action::Feature;
use crate::name::NodeName;

/// Loses a part of what `from` sends to `to`. The kernel must have `netem`: see `requires`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// The sending nodes.
    pub from: OneOrMany<NodeName>,
    /// The receiving nodes.
    pub to: OneOrMany<NodeName>,
    /// How many of a hundred packets are lost, by chance.
    pub percent: Percent,
}

impl Declare for Loss {
    const EXAMPLE: &'static str = "- loss: { from: primary, to: replica, percent: 10 }\n";

    fn describe(&self) -> String {
        let Self { from, to, percent } = self;
        format!("drop {percent} of the packets from {from} to {to}")
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        link::sides(&self.from, &self.to)
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        link::overlap(&self.from, &self.to)
    }

    fn network(&self) -> Option<&'static [Feature]> {
        Some(&[Feature::Netem, Feature::Htb])
    }
}
