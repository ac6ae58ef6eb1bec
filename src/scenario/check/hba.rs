//! A node's own lines of `pg_hba.conf`: whom they name, whether PostgreSQL takes them, and whether they can match.

use super::{Finding, Node, Scenario};
use crate::hba::{Address, ConnectionType, Database, HbaLine, Method};
use crate::name::NodeName;
use crate::scenario::services::ServiceName;
use crate::scenario::settings::boolean;
use crate::text::suggest::did_you_mean_or_list;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in &scenario.nodes.0 {
        for (index, line) in node.hba.iter().enumerate() {
            let at = format!("nodes.{name}.hba[{index}]");
            found.extend(peer(scenario, name, line, &at));
            found.extend(without_tls(scenario, name, node, line, &at));
            found.extend(certificate(scenario, line, &at));
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
        Address::Gateway => return shadowed(line, at),
        Address::Network(_) => return None,
    };
    if peer == name {
        let message = format!("`{name}` has a line for itself");
        let help = "it connects to itself by its socket: name another node".to_owned();
        return Some(Finding::value(at, message, help));
    }
    let is_service = |name: ServiceName| name.as_str() == peer.as_str();
    if scenario.nodes.find(peer).is_some() || scenario.services.names().any(is_service) {
        return None;
    }
    let others = scenario.nodes.0.iter().map(|(other, _)| other.as_str());
    let mut known: Vec<&str> = others.filter(|other| *other != name.as_str()).collect();
    for service in scenario.services.names() {
        known.push(service.as_str());
    }
    known.push("gateway");
    let message = format!("`{peer}` is neither a node, nor a service, nor `gateway`");
    let help = did_you_mean_or_list(peer.as_str(), "addresses", &known);
    Some(Finding::value(at, message, help))
}

/// The host's own line comes before every line of a scenario.
fn shadowed(line: &HbaLine, at: String) -> Option<Finding> {
    if !Database::All.covers(&line.database) {
        return None;
    }
    let message = "this line never decides: the host's own line stands before it and lets every \
                   role into every database"
        .to_owned();
    let help =
        "leave it out; physical replication alone is left to decide: `database: replication`"
            .to_owned();
    Some(Finding::value(at, message, help))
}

/// PostgreSQL takes such a line, and logs "hostssl record cannot match because SSL is disabled" (manual: "The `pg_hba.conf` File").
fn without_tls(
    scenario: &Scenario,
    name: &NodeName,
    node: &Node,
    line: &HbaLine,
    at: &str,
) -> Option<Finding> {
    let ssl = node.conf.find("ssl");
    let is_on = scenario.tls || ssl.and_then(|value| boolean(&value.0)) == Some(true);
    if is_on || line.kind != ConnectionType::HostSsl {
        return None;
    }
    let message = format!(
        "this line matches no connection: `ssl` is off on `{name}`, and PostgreSQL does no more than log a warning"
    );
    let help = match line.method {
        Method::Cert => "write `tls: true` at the top of the scenario",
        _ => "write `tls: true` at the top of the scenario, or `type: host`",
    };
    let help = help.to_owned();
    Some(Finding::value(format!("{at}.type"), message, help))
}

/// The server would not start with the one (manual: "Certificate Authentication"), and nobody could satisfy the other: the authority's key is
/// gone when the lab is up, so that there will never be a certificate for another role.
fn certificate(scenario: &Scenario, line: &HbaLine, at: &str) -> Option<Finding> {
    if line.method != Method::Cert {
        return None;
    }
    if line.kind != ConnectionType::HostSsl {
        let kind = line.kind.word();
        let message = format!("`cert` goes with `hostssl` alone, not with `{kind}`");
        let help = "write `type: hostssl`".to_owned();
        return Some(Finding::value(format!("{at}.method"), message, help));
    }
    let known = &scenario.replication_user.name;
    let user = line.user.as_ref().filter(|user| *user != known)?;
    let message = format!(
        "nobody has a certificate for `{user}`: `tls: true` makes them for `{known}` alone"
    );
    let help = format!("write `user: {known}`, or another method");
    let other = Finding::value(format!("{at}.user"), message, help);
    scenario.tls.then_some(other)
}
