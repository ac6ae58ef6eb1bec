//! What steps do to the network between nodes, and to their data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bandwidth, OneOrMany, Percent, Span};
use crate::name::{NodeName, TableName};

/// Nodes that do not reach each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The nodes on one side. Without `to`, each of them is cut off from each other one of them.
    pub from: OneOrMany<NodeName>,
    /// The nodes on the other side. Nodes on one side go on reaching each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<OneOrMany<NodeName>>,
    /// Whether only what `from` sends to `to` is lost. What comes back still arrives; with TCP nothing gets on either
    /// way, but the side that is still heard learns of it later.
    #[serde(default)]
    pub one_way: bool,
}

/// What is whole again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heal {
    /// `all`, or nodes. Without `to`, every link of these nodes.
    pub from: OneOrMany<NodeName>,
    /// Only the links between `from` and these nodes, both ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<OneOrMany<NodeName>>,
}

/// Packets that arrive late.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Who sends.
    pub from: OneOrMany<NodeName>,
    /// Who receives.
    pub to: OneOrMany<NodeName>,
    /// How much later what is sent arrives.
    pub time: Span,
    /// By how much that varies, up and down. Nothing where silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
}

/// Packets that do not arrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Who sends.
    pub from: OneOrMany<NodeName>,
    /// Who receives.
    pub to: OneOrMany<NodeName>,
    /// How many of a hundred packets are lost, by chance.
    pub percent: Percent,
}

/// A link that takes no more than so much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Who sends.
    pub from: OneOrMany<NodeName>,
    /// Who receives.
    pub to: OneOrMany<NodeName>,
    /// How much passes in a second: `1Mbit`, or in bytes `128kB`.
    pub rate: Bandwidth,
}

/// A page that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// The table.
    pub table: TableName,
    /// Which page of it, counted from 0. The first where silent.
    #[serde(default)]
    pub block: u64,
}

/// One direction between two nodes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Who sends.
    pub from: NodeName,
    /// Who receives.
    pub to: NodeName,
}

impl Partition {
    /// The links that it cuts.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        match &self.to {
            None => between(&self.from.0, &self.from.0),
            Some(to) if self.one_way => between(&self.from.0, &to.0),
            Some(to) => both_ways(&self.from.0, &to.0),
        }
    }
}

impl Heal {
    /// Everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self.from.0.as_slice(), [only] if only.as_str() == "all") && self.to.is_none()
    }

    /// Whether a link is one of those that it makes whole.
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

/// The links that cut nodes off from all others.
#[must_use]
pub fn isolated<'a>(nodes: &[NodeName], all: impl IntoIterator<Item = &'a NodeName>) -> Vec<Link> {
    let all: Vec<NodeName> = all.into_iter().cloned().collect();
    both_ways(nodes, &all)
}

/// What each of some nodes sends to each of others.
#[must_use]
pub fn between(from: &[NodeName], to: &[NodeName]) -> Vec<Link> {
    let mut links: Vec<Link> = from
        .iter()
        .flat_map(|from| to.iter().map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
        .map(|(from, to)| Link {
            from: from.clone(),
            to: to.clone(),
        })
        .collect();
    links.sort();
    links.dedup();
    links
}

fn both_ways(one: &[NodeName], other: &[NodeName]) -> Vec<Link> {
    let mut links = between(one, other);
    links.extend(between(other, one));
    links.sort();
    links.dedup();
    links
}
