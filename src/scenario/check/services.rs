//! Services: a name in the lab's network is one host's.

use super::{Finding, Scenario};

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let nodes = || scenario.nodes.0.iter().map(|(name, _)| name);
    scenario
        .services
        .names()
        .filter(|service| nodes().any(|node| node.as_str() == service.as_str()))
        .map(|service| {
            let message = format!("`{service}` is a service here, and a node has that name too");
            let help = "give the node another name".to_owned();
            Finding::key(format!("services.{service}"), message, help)
        })
        .collect()
}
