//! `start: later`: who may, and who cannot begin without such a node.

use super::{Finding, Node, Scenario};
use crate::name::NodeName;
use crate::scenario::Start;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let nodes = scenario.nodes.0.iter();
    nodes
        .flat_map(|(name, node)| match node.start {
            Start::Later => own(name, node),
            Start::Now => needs(scenario, name, node),
        })
        .collect()
}

fn own(name: &NodeName, node: &Node) -> Vec<Finding> {
    let mut found = Vec::new();
    if node.standby_of.is_none() {
        let message = format!("`{name}` starts later, and has no `standby_of`: only a standby may");
        let help = "name whose base backup it begins with; a `restore` step makes a primary of it";
        let path = format!("nodes.{name}.start");
        found.push(Finding::value(path, message, help.to_owned()));
    }
    if node.disk.is_some() {
        let message = format!("`{name}` has a `disk`, which is memory, and starts later");
        let help = "memory holds nothing for a node that does not run: leave one of the two out";
        let path = format!("nodes.{name}.disk");
        found.push(Finding::key(path, message, help.to_owned()));
    }
    if !node.subscriptions.0.is_empty() {
        let message = format!("`{name}` subscribes, and starts later");
        let help = "subscribe in a step once it is a primary";
        let path = format!("nodes.{name}.subscriptions");
        found.push(Finding::key(path, message, help.to_owned()));
    }
    found
}

/// The errors of nodes that start with the lab and depend on nodes that start later.
fn needs(scenario: &Scenario, name: &NodeName, node: &Node) -> Vec<Finding> {
    let is_later = |upstream: &&NodeName| {
        let upstream = scenario.nodes.find(upstream);
        upstream.is_some_and(|upstream| upstream.start == Start::Later)
    };
    let upstream = node.standby_of.as_ref().filter(is_later);
    let upstream = upstream.map(|upstream| ("standby_of".to_owned(), upstream));
    let subscriptions = node.subscriptions.0.iter();
    let subscriptions = subscriptions
        .map(|(name, written)| (format!("subscriptions.{name}.upstream"), &written.upstream))
        .filter(|(_, upstream)| is_later(upstream));
    upstream
        .into_iter()
        .chain(subscriptions)
        .map(|(key, upstream)| {
            let message =
                format!("`{name}` begins with the lab, and its upstream `{upstream}` starts later");
            let help =
                format!("write `start: later` at `{name}` too, or leave it out at `{upstream}`");
            Finding::value(format!("nodes.{name}.{key}"), message, help)
        })
        .collect()
}
