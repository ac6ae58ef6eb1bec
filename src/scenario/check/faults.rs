//! Faults of networks: whether they name two sides.

use super::{Finding, Scenario};
use crate::action::{Action, Delay, Heal, Loss, OneOrMany, Partition, Rate, Step};
use crate::name::NodeName;

/// What is wrong with the sides that a step's fault names.
pub(super) fn check(scenario: &Scenario, step: &Step, at: &str) -> Vec<Finding> {
    let path = format!("{at}.{}", step.action.key());
    match &step.action {
        Action::Partition(partition) => of_partition(partition, &path),
        Action::Isolate(_) if scenario.nodes.0.len() < 2 => {
            let message = "there is no other node to cut it off from".to_owned();
            vec![Finding::value(path, message, None)]
        }
        Action::Fill(nodes) => of_fill(scenario, nodes, &path),
        Action::Heal(Heal { from, to: Some(to) }) => overlap(from, to, &path),
        Action::Rate(Rate { from, to, .. }) | Action::Loss(Loss { from, to, .. }) => {
            overlap(from, to, &path)
        }
        Action::Delay(delay) => of_delay(delay, &path),
        _ => Vec::new(),
    }
}

fn of_partition(partition: &Partition, path: &str) -> Vec<Finding> {
    let Partition { from, to, one_way } = partition;
    let Some(to) = to else {
        let mut found = Vec::new();
        if partition.links().is_empty() {
            let message = "a partition is between two nodes or more".to_owned();
            let help = "name two nodes, or write `isolate` to cut one off from all others";
            found.push(Finding::value(
                format!("{path}.from"),
                message,
                help.to_owned(),
            ));
        }
        if *one_way {
            let message = "one way from whom to whom?".to_owned();
            let help = "`to` names those who no longer hear `from`".to_owned();
            found.push(Finding::key(format!("{path}.one_way"), message, help));
        }
        return found;
    };
    overlap(from, to, path)
}

fn of_delay(delay: &Delay, path: &str) -> Vec<Finding> {
    let mut found = overlap(&delay.from, &delay.to, path);
    if delay.time.0.is_zero() {
        let message = "a delay of nothing is none".to_owned();
        let help = "`heal` takes a delay away".to_owned();
        found.push(Finding::value(format!("{path}.time"), message, help));
    }
    if delay.jitter.is_some_and(|jitter| jitter.0 > delay.time.0) {
        let message = "what varies by more than it is delayed would arrive before it is sent";
        let path = format!("{path}.jitter");
        found.push(Finding::value(path, message.to_owned(), None));
    }
    found
}

/// What has no bounds cannot be filled without filling this host.
fn of_fill(scenario: &Scenario, nodes: &OneOrMany<NodeName>, path: &str) -> Vec<Finding> {
    let unbounded = |name: &&NodeName| {
        let node = scenario.nodes.find(name);
        node.is_some_and(|node| node.disk.is_none())
    };
    let found = nodes.0.iter().filter(unbounded).map(|node| {
        let message = format!("the data disk of `{node}` has no bounds and cannot be filled");
        let help = format!("add `disk: 512MB` to `nodes.{node}`");
        Finding::value(path.to_owned(), message, help)
    });
    found.collect()
}

/// A node on both sides.
fn overlap(from: &OneOrMany<NodeName>, to: &OneOrMany<NodeName>, path: &str) -> Vec<Finding> {
    let both = from.0.iter().filter(|node| to.0.contains(node));
    both.map(|node| {
        let message = format!("`{node}` is on both sides");
        Finding::value(format!("{path}.to"), message, None)
    })
    .collect()
}
