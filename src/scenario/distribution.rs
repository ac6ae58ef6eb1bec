//! The datasets of each node: those that `lab` loads there, and those that arrive by replication.

use super::{DatasetRef, Node, Scenario, root};
use crate::name::NodeName;

impl Scenario {
    /// The datasets whose rows `lab` itself puts into a node.
    #[must_use]
    pub fn rows_of<'a>(&'a self, node: &'a Node) -> &'a [DatasetRef] {
        match &node.data {
            Some(own) => own,
            // They come with the base backup.
            None if node.restored_from.is_some() => &[],
            None if node.subscriptions.0.is_empty() => &self.data,
            None => &[],
        }
    }

    /// The datasets that the publishers of a node have, and theirs, at any depth. None if it has datasets of its own: they
    /// make its tables.
    #[must_use]
    pub fn received_by(&self, name: &NodeName) -> Vec<&DatasetRef> {
        if self
            .nodes
            .find(name)
            .is_some_and(|node| node.data.is_some())
        {
            return Vec::new();
        }
        let mut seen: Vec<&NodeName> = Vec::new();
        let mut found: Vec<&DatasetRef> = Vec::new();
        let mut next = self.publishers(name);
        while let Some(publisher) = next.pop() {
            if seen.contains(&publisher) {
                continue;
            }
            seen.push(publisher);
            if let Some(node) = self.nodes.find(publisher) {
                found.extend(self.rows_of(node));
            }
            next.extend(self.publishers(publisher));
        }
        found
    }

    /// The primaries of a node's subscriptions, the last one first.
    fn publishers(&self, name: &NodeName) -> Vec<&NodeName> {
        let Some(node) = self.nodes.find(name) else {
            return Vec::new();
        };
        let names = || self.nodes.0.iter().map(|(name, _)| name);
        let subscriptions = node.subscriptions.0.iter().rev();
        subscriptions
            .filter_map(|(_, subscription)| {
                let upstream = names().find(|name| **name == subscription.upstream)?;
                Some(root(&self.nodes, upstream))
            })
            .collect()
    }
}
