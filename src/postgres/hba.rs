//! `pg_hba.conf` (manual, 20.1): who may connect, by discovered address.
//!
//! Rules name nodes; addresses come in at rendering, and rendering cannot be called without them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::name::{DatabaseName, NodeName, UserName};
use crate::scenario::AuthMethod;
use crate::scenario::hba::{Address, HbaLine};

pub use crate::scenario::hba::{ConnectionType, Database, Method, Network};

/// The addresses of a running lab, as they were discovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The host, as the lab's network shows it.
    pub gateway: Ipv4Addr,
    /// Every node that has an address.
    pub nodes: BTreeMap<NodeName, Ipv4Addr>,
}

/// Where a connection comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// The node's own Unix socket.
    Local,
    /// The host, which the network's gateway stands for.
    Gateway,
    /// Another node.
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
    /// Which database.
    pub database: Database,
    /// Which role; every role where absent.
    pub user: Option<UserName>,
    /// From where.
    pub peer: Peer,
    /// By what proof.
    pub method: Method,
}

/// The rules of a node: its own socket, the host, its scenario's own lines, each of `peers` for physical replication,
/// and each of `subscribers` for the database, with TLS alone where there is `tls`. No one else.
///
/// The first rule that matches a connection decides. Hence the order: no line of a scenario can keep `lab` itself out,
/// and each can keep a peer out.
#[must_use]
pub fn rules(
    own: &[HbaLine],
    user: &UserName,
    auth: AuthMethod,
    peers: &[NodeName],
    subscribers: &[NodeName],
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
        open(Database::All, Peer::Gateway),
    ];
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
    let physical = peers.iter();
    rules.extend(physical.map(|peer| closed(Database::Replication, peer)));
    let logical = subscribers.iter();
    rules.extend(logical.map(|peer| closed(Database::Named(database.clone()), peer)));
    rules
}

fn written(line: &HbaLine) -> HbaRule {
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

/// The nodes that rules name.
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
/// A rule whose node has no address is left out: nobody can connect from nowhere.
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

/// The file's text as `lab plan` shows it: a placeholder where an address will be discovered.
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

fn table(node: &NodeName, rules: &[HbaRule], address: impl Fn(&Peer) -> Option<String>) -> String {
    let mut text = format!(
        "# pg_hba.conf of `{node}`, written by lab\n# TYPE  DATABASE     USER              ADDRESS             METHOD\n"
    );
    for rule in rules {
        let Some(address) = address(&rule.peer) else {
            continue;
        };
        let kind = match rule.peer {
            Peer::Local => "local",
            _ => rule.kind.word(),
        };
        let who = match &rule.peer {
            Peer::Local => "this node's own socket".to_owned(),
            Peer::Gateway => "the host, through the network's gateway".to_owned(),
            Peer::Node(name) => name.to_string(),
            Peer::Network(_) => "a network that the scenario names".to_owned(),
        };
        let database = match &rule.database {
            Database::All => "all".to_owned(),
            // Quotes take a keyword's meaning away (manual, 20.1).
            Database::Named(name) if KEYWORDS.contains(&name.as_str()) => format!("\"{name}\""),
            Database::Named(name) => name.to_string(),
            Database::Replication => "replication".to_owned(),
        };
        let user = rule.user.as_ref().map_or("all", UserName::as_str);
        let method = rule.method.word();
        _ = writeln!(
            text,
            "{kind:<7} {database:<12} {user:<17} {address:<19} {method:<14} # {who}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> DatabaseName {
        DatabaseName::new("shopping").expect("a name")
    }

    fn name(text: &str) -> NodeName {
        NodeName::new(text).expect("a name")
    }

    fn user() -> UserName {
        UserName::new("replication_user").expect("a name")
    }

    #[test]
    fn each_peer_has_one_line_with_its_own_address_and_nothing_is_wider() {
        let rules = rules(
            &[],
            &user(),
            AuthMethod::Md5,
            &[name("replica"), name("late")],
            &[],
            &database(),
            false,
        );
        let addresses = Addresses {
            gateway: Ipv4Addr::new(10, 213, 0, 1),
            nodes: [(name("replica"), Ipv4Addr::new(10, 213, 0, 3))].into(),
        };
        let text = render(&name("primary"), &rules, &addresses);
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                "local   all          all                                   trust          # this node's own socket",
                "local   replication  all                                   trust          # this node's own socket",
                "host    all          all               10.213.0.1/32       trust          # the host, through the network's gateway",
                "host    replication  replication_user  10.213.0.3/32       md5            # replica",
            ]
        );
    }

    #[test]
    fn an_outline_says_whose_address_is_missing() {
        let text = outline(
            &name("primary"),
            &rules(
                &[],
                &user(),
                AuthMethod::ScramSha256,
                &[name("replica")],
                &[],
                &database(),
                false,
            ),
        );
        assert!(text.contains("<replica>/32"), "{text}");
        assert!(text.contains("<gateway>/32"), "{text}");
    }

    #[test]
    fn a_scenario_s_own_lines_come_in_their_order_after_lab_s_and_before_replication_s() {
        let line = |database, address, method| HbaLine {
            kind: ConnectionType::HostSsl,
            database,
            user: None,
            address,
            method,
        };
        let network = Address::Network("10.0.0.0/8".parse().expect("a network"));
        let own = [
            line(
                Database::Replication,
                Address::Node(name("replica")),
                Method::Reject,
            ),
            line(Database::Named(database()), network, Method::Cert),
        ];
        let peers = [name("replica")];
        let rules = rules(
            &own,
            &user(),
            AuthMethod::Md5,
            &peers,
            &[],
            &database(),
            true,
        );
        let text = outline(&name("primary"), &rules);
        let lines: Vec<_> = text.lines().skip(4).collect();
        assert_eq!(
            lines,
            [
                "host    all          all               <gateway>/32        trust          # the host, through the network's gateway",
                "hostssl replication  all               <replica>/32        reject         # replica",
                "hostssl shopping     all               10.0.0.0/8          cert           # a network that the scenario names",
                "hostssl replication  replication_user  <replica>/32        md5            # replica",
            ]
        );
    }
}
