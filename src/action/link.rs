//! Links between nodes, on which network faults act.

use super::{Flaw, OneOrMany};
use crate::name::NodeName;

/// One direction between two nodes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The sender.
    pub from: NodeName,
    /// The receiver.
    pub to: NodeName,
}

/// The links that cut nodes off from all others.
#[must_use]
pub fn isolated<'a>(nodes: &[NodeName], all: impl IntoIterator<Item = &'a NodeName>) -> Vec<Link> {
    let all: Vec<NodeName> = all.into_iter().cloned().collect();
    both_ways(nodes, &all)
}

/// The links from each of some nodes to each of others.
#[must_use]
pub fn between(from: &[NodeName], to: &[NodeName]) -> Vec<Link> {
    let links = from
        .iter()
        .flat_map(|from| to.iter().map(move |to| (from, to)))
        .filter(|(from, to)| from != to);
    sorted(links.map(|(from, to)| Link {
        from: from.clone(),
        to: to.clone(),
    }))
}

/// The same in both directions.
pub(super) fn both_ways(one: &[NodeName], other: &[NodeName]) -> Vec<Link> {
    sorted(between(one, other).into_iter().chain(between(other, one)))
}

fn sorted(links: impl Iterator<Item = Link>) -> Vec<Link> {
    let mut links: Vec<Link> = links.collect();
    links.sort();
    links.dedup();
    links
}

/// The nodes of two sides, by their keys.
pub(super) fn sides<'a>(
    from: &'a OneOrMany<NodeName>,
    to: &'a OneOrMany<NodeName>,
) -> Vec<(&'static str, &'a NodeName)> {
    from.at("from").chain(to.at("to")).collect()
}

/// A node on both sides.
pub(super) fn overlap(from: &OneOrMany<NodeName>, to: &OneOrMany<NodeName>) -> Vec<Flaw> {
    let both = from.0.iter().filter(|node| to.0.contains(node));
    both.map(|node| Flaw::value("to", format!("`{node}` is on both sides")))
        .collect()
}
