//! A node's own lines of `pg_hba.conf`: whom they name, and whether PostgreSQL takes them.

use super::{Finding, Scenario};
use crate::name::NodeName;
use crate::scenario::hba::{Address, ConnectionType, HbaLine, Method};
use crate::scenario::suggest::did_you_mean_or_list;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in &scenario.nodes.0 {
        for (index, line) in node.hba.iter().enumerate() {
            let at = format!("nodes.{name}.hba[{index}]");
            found.extend(peer(scenario, name, line, &at));
            found.extend(certificate(line, &at));
        }
    }
    found
}

fn peer(scenario: &Scenario, name: &NodeName, line: &HbaLine, at: &str) -> Option<Finding> {
    let at = format!("{at}.address");
    let peer = match &line.address {
        Address::Node(peer) => peer,
        Address::Gateway
            if scenario
                .nodes
                .0
                .iter()
                .any(|(n, _)| n.as_str() == "gateway") =>
        {
            let message = "`gateway` is the host here, and a node has that name too".to_owned();
            let help = "give the node another name".to_owned();
            return Some(Finding::value(at, message, help));
        }
        Address::Gateway | Address::Network(_) => return None,
    };
    if peer == name {
        let message = format!("`{name}` has a line for itself");
        let help = "it connects to itself by its socket: name another node".to_owned();
        return Some(Finding::value(at, message, help));
    }
    if scenario.nodes.find(peer).is_some() {
        return None;
    }
    let others = scenario.nodes.0.iter().map(|(other, _)| other.as_str());
    let mut known: Vec<&str> = others.filter(|other| *other != name.as_str()).collect();
    known.push("gateway");
    let message = format!("`{peer}` is neither a node nor `gateway`");
    let help = did_you_mean_or_list(peer.as_str(), "addresses", &known);
    Some(Finding::value(at, message, help))
}

/// The server would not start with such a line (manual, 20.12).
fn certificate(line: &HbaLine, at: &str) -> Option<Finding> {
    if line.method != Method::Cert || line.kind == ConnectionType::HostSsl {
        return None;
    }
    let kind = line.kind.word();
    let message = format!("`cert` goes with `hostssl` alone, not with `{kind}`");
    let help = "write `type: hostssl`".to_owned();
    Some(Finding::value(format!("{at}.method"), message, help))
}
