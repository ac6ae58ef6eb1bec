//! `heal`: faults removed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::{self, Link};
use super::{Declare, Flaw, Known, OneOrMany, Step};
use crate::name::NodeName;

/// Removes the faults of links: of `all` links, of every link of a node or of a list of nodes, or with `{ from, to }` of the
/// links between them. One `heal` removes all faults of a link. `all` and nodes also free the disks that `fill` filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heal {
    /// `all`, or nodes. Without `to`, every link of these nodes.
    pub from: OneOrMany<NodeName>,
    /// Only the links between `from` and these nodes, both ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<OneOrMany<NodeName>>,
}

impl Heal {
    /// Everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self.from.0.as_slice(), [only] if only.as_str() == "all") && self.to.is_none()
    }

    /// Whether it heals a link.
    #[must_use]
    pub fn covers(&self, link: &Link) -> bool {
        let one = |node: &NodeName| self.from.0.contains(node);
        let other = |node: &NodeName| self.to.as_ref().is_some_and(|to| to.0.contains(node));
        if self.to.is_none() {
            return self.is_all() || one(&link.from) || one(&link.to);
        }
        (one(&link.from) && other(&link.to)) || (one(&link.to) && other(&link.from))
    }
}

impl Declare for Heal {
    const EXAMPLE: &'static str = "- heal: all\n";
    const SHORT: Option<&'static str> = Some("from");

    fn describe(&self) -> String {
        match &self.to {
            None => format!("heal {}", self.from),
            Some(to) => format!("heal the links between {} and {to}", self.from),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        if self.is_all() {
            return Vec::new();
        }
        let to = self.to.iter().flat_map(|to| to.at("to"));
        self.from.at("from").chain(to).collect()
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let to = self.to.as_ref();
        to.map_or_else(Vec::new, |to| link::overlap(&self.from, to))
    }
}
