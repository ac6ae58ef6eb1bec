//! `pg_hba.conf` (manual: "The `pg_hba.conf` File"): who may connect, by address.
//!
//! Rules name nodes; addresses come in at rendering, and rendering cannot be called without them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::hba::{Address, HbaLine};
use crate::name::{DatabaseName, NodeName, UserName};
use crate::scenario::{AuthMethod, HostAuth};
use crate::server::SUPERUSER;

pub use crate::hba::{ConnectionType, Database, Method, Network};

/// The addresses of a lab: as they are assigned before it starts, or as they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The host, as the lab's network shows it.
    pub gateway: Ipv4Addr,
    /// Every node and every service that has an address.
    pub nodes: BTreeMap<NodeName, Ipv4Addr>,
}

/// The origin of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// The node's own Unix socket.
    Local,
    /// The host, which the network's gateway stands for.
    Gateway,
    /// Another node, or a service.
    Node(NodeName),
    /// Every address of a network.
    Network(Network),
}

/// One line of `pg_hba.conf`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HbaRule {
    /// With TLS, without, or both; the node's own socket has no TLS.
    #[serde(rename = "type")]
    pub kind: ConnectionType,
    /// The database.
    pub database: Database,
    /// The role. Default: every role.
    pub user: Option<UserName>,
    /// The origin.
    pub peer: Peer,
    /// The authentication method.
    pub method: Method,
}

impl HbaRule {
    /// Whether this rule decides every connection that `later` matches.
    fn covers(&self, later: &Self) -> bool {
        self.kind.covers(later.kind)
            && self.database.covers(&later.database)
            && (self.user.is_none() || self.user == later.user)
            && self.peer == later.peer
    }
}

/// The hosts of a lab that a node is to let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The services, as the superuser.
    pub services: Vec<NodeName>,
    /// The nodes that replicate the whole server, now or after a switchover.
    pub peers: Vec<NodeName>,
    /// The nodes that subscribe to what it publishes.
    pub subscribers: Vec<NodeName>,
}

/// The rules of a node: its own socket, the host, the services, its scenario's own lines, each of the peers for
/// physical replication, and each of the subscribers for the database, with TLS alone where there is `tls`. No one
/// else.
///
/// The first rule that matches a connection decides. Hence the order: no line of a scenario can keep `lab` itself out,
/// and each can keep a peer out. A peer's rule that earlier rules override is omitted.
#[must_use]
pub fn rules(
    own: &[HbaLine],
    user: &UserName,
    (auth, host_auth): (AuthMethod, HostAuth),
    hosts: &Hosts,
    database: &DatabaseName,
    tls: bool,
) -> Vec<HbaRule> {
    let open = |database, peer| HbaRule {
        kind: ConnectionType::Host,
        database,
        user: None,
        peer,
        method: Method::Trust,
    };
    let mut rules = vec![
        open(Database::All, Peer::Local),
        open(Database::Replication, Peer::Local),
        HbaRule {
            method: host_auth.into(),
            ..open(Database::All, Peer::Gateway)
        },
    ];
    rules.extend(hosts.services.iter().map(|service| HbaRule {
        user: UserName::new(SUPERUSER).ok(),
        ..open(Database::All, Peer::Node(service.clone()))
    }));
    rules.extend(own.iter().map(written));
    let kind = if tls {
        ConnectionType::HostSsl
    } else {
        ConnectionType::Host
    };
    let closed = |database, peer: &NodeName| HbaRule {
        kind,
        database,
        user: Some(user.clone()),
        peer: Peer::Node(peer.clone()),
        method: auth.into(),
    };
    let physical = hosts.peers.iter();
    let physical = physical.map(|peer| closed(Database::Replication, peer));
    let logical = hosts.subscribers.iter();
    let logical = logical.map(|peer| closed(Database::Named(database.clone()), peer));
    for derived in physical.chain(logical) {
        if !rules.iter().any(|rule| rule.covers(&derived)) {
            rules.push(derived);
        }
    }
    rules
}

/// A line that a person wrote, as a rule.
#[must_use]
pub fn written(line: &HbaLine) -> HbaRule {
    HbaRule {
        kind: line.kind,
        database: line.database.clone(),
        user: line.user.clone(),
        peer: match &line.address {
            Address::Gateway => Peer::Gateway,
            Address::Node(name) => Peer::Node(name.clone()),
            Address::Network(network) => Peer::Network(*network),
        },
        method: line.method,
    }
}

/// The nodes and services that rules name.
pub fn peers(rules: &[HbaRule]) -> impl Iterator<Item = &NodeName> {
    rules.iter().filter_map(|rule| match &rule.peer {
        Peer::Node(name) => Some(name),
        Peer::Local | Peer::Gateway | Peer::Network(_) => None,
    })
}

/// Words that do not name a database.
const KEYWORDS: [&str; 4] = ["all", "sameuser", "samerole", "replication"];

/// The file's text, with each peer's address as a `/32` and a comment saying who that is.
///
/// A rule whose node has no address is omitted.
#[must_use]
pub fn render(node: &NodeName, rules: &[HbaRule], addresses: &Addresses) -> String {
    table(node, rules, |peer| match peer {
        Peer::Local => Some(String::new()),
        Peer::Gateway => Some(format!("{}/32", addresses.gateway)),
        Peer::Node(name) => addresses
            .nodes
            .get(name)
            .map(|address| format!("{address}/32")),
        Peer::Network(network) => Some(network.to_string()),
    })
}

/// The lines of a few rules, to be added to a node's file.
#[must_use]
pub fn lines(node: &NodeName, rules: &[HbaRule], addresses: &Addresses) -> Vec<String> {
    let text = render(node, rules, addresses);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// The file's text as `lab plan` shows it: a placeholder for each address, which depends on the subnets that are free.
#[must_use]
pub fn outline(node: &NodeName, rules: &[HbaRule]) -> String {
    table(node, rules, |peer| {
        Some(match peer {
            Peer::Local => String::new(),
            Peer::Gateway => "<gateway>/32".to_owned(),
            Peer::Node(name) => format!("<{name}>/32"),
            Peer::Network(network) => network.to_string(),
        })
    })
}

const HEAD: [&str; 6] = ["# TYPE", "DATABASE", "USER", "ADDRESS", "METHOD", ""];

/// The least width of each column, so that most files look alike.
const WIDTHS: [usize; 5] = [7, 12, 17, 19, 14];

fn table(node: &NodeName, rules: &[HbaRule], address: impl Fn(&Peer) -> Option<String>) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(
        rules
            .iter()
            .filter_map(|rule| Some(cells(rule, address(&rule.peer)?))),
    );
    let mut widths = WIDTHS;
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let mut text = format!("# pg_hba.conf of `{node}`, written by lab\n");
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            _ = write!(line, "{cell:<width$} ");
        }
        line.push_str(&row[WIDTHS.len()]);
        _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A rule's five columns and its comment.
fn cells(rule: &HbaRule, address: String) -> [String; 6] {
    let kind = match rule.peer {
        Peer::Local => "local",
        _ => rule.kind.word(),
    };
    let who = match &rule.peer {
        Peer::Local => "this node's own socket",
        Peer::Gateway => "the host, through the network's gateway",
        Peer::Node(name) => name.as_str(),
        Peer::Network(_) => "a network that the scenario names",
    };
    let database = match &rule.database {
        Database::All => "all".to_owned(),
        // Quotes take a keyword's meaning away (manual: "The `pg_hba.conf` File").
        Database::Named(name) if KEYWORDS.contains(&name.as_str()) => format!("\"{name}\""),
        Database::Named(name) => name.to_string(),
        Database::Replication => "replication".to_owned(),
    };
    let user = rule.user.as_ref().map_or("all", UserName::as_str);
    [
        kind.to_owned(),
        database,
        user.to_owned(),
        address,
        rule.method.word().to_owned(),
        format!("# {who}"),
    ]
}

#[cfg(test)]
mod tests;
