//! What a lab asks of its host by number: each port is one server's, and the subnet holds them all.

use super::{Finding, Scenario};

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = twice(scenario);
    found.extend(too_small(scenario));
    found
}

fn twice(scenario: &Scenario) -> Vec<Finding> {
    let services = scenario.services.0.iter();
    let services = services.map(|(name, service)| (format!("services.{name}"), service.port));
    let nodes = scenario.nodes.0.iter();
    let nodes = nodes.map(|(name, node)| (format!("nodes.{name}"), node.port));
    let all: Vec<(String, u16)> = nodes
        .chain(services)
        .filter_map(|(path, port)| Some((path, port?)))
        .collect();
    let twice = all.iter().enumerate().filter_map(|(at, (path, port))| {
        let (first, _) = all[..at].iter().find(|(_, other)| other == port)?;
        let message = format!("`{first}` has the port {port} too");
        let help = "choose another one, or leave it out: Docker chooses a free one".to_owned();
        Some(Finding::value(format!("{path}.port"), message, help))
    });
    twice.collect()
}

fn too_small(scenario: &Scenario) -> Option<Finding> {
    let subnet = scenario.network.subnet?;
    let hosts = scenario.nodes.0.len() + scenario.services.0.len();
    let room = usize::try_from(subnet.hosts()).unwrap_or(usize::MAX);
    (hosts > room).then(|| {
        let message = format!("{subnet} has addresses for {room} hosts, and the lab has {hosts}");
        let help = "a shorter prefix has more: `/24` has 253".to_owned();
        Finding::value("network.subnet".to_owned(), message, help)
    })
}
