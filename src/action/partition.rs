//! `partition`: nodes that do not reach each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::{self, Link, between, both_ways};
use super::{Declare, Flaw, Known, OneOrMany, Step};
use crate::action::Feature;
use crate::name::NodeName;

/// Cuts nodes off from each other, at once and without notice; this host still reaches all of them. A list cuts each node
/// off from each other one. `{ from, to }` cuts the nodes of one side off from those of the other. With `one_way: true` only
/// packets from the first side are lost. A node that is down is cut off when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// The nodes on one side. Without `to`, each of them is cut off from each other one of them.
    pub from: OneOrMany<NodeName>,
    /// The nodes on the other side. Nodes on one side still reach each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<OneOrMany<NodeName>>,
    /// Whether only packets from `from` to `to` are lost, and packets back still arrive. A TCP connection then works in
    /// neither direction, but the two sides notice it at different times.
    #[serde(default)]
    pub one_way: bool,
}

impl Partition {
    /// The links that it cuts.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        match &self.to {
            None => between(&self.from.0, &self.from.0),
            Some(to) if self.one_way => between(&self.from.0, &to.0),
            Some(to) => both_ways(&self.from.0, &to.0),
        }
    }
}

impl Declare for Partition {
    const EXAMPLE: &'static str = "\
- partition: [primary, replica]
- partition: { from: primary, to: [replica, leaf], one_way: true }
";
    const SHORT: Option<&'static str> = Some("from");

    fn describe(&self) -> String {
        let Self { from, to, one_way } = self;
        match to {
            None => format!("cut {from} off from each other"),
            Some(to) if *one_way => format!("drop all packets from {from} to {to}"),
            Some(to) => format!("cut {from} off from {to}"),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        let to = self.to.iter().flat_map(|to| to.at("to"));
        self.from.at("from").chain(to).collect()
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        if let Some(to) = &self.to {
            return link::overlap(&self.from, to);
        }
        let mut flaws = Vec::new();
        if self.links().is_empty() {
            let flaw = Flaw::value("from", "a partition is between two nodes or more");
            let help = "name two nodes, or write `isolate` to cut one off from all others";
            flaws.push(flaw.help(help));
        }
        if self.one_way {
            let flaw = Flaw::key("one_way", "`one_way` needs two sides");
            flaws.push(flaw.help("`to` names the nodes that no longer receive from `from`"));
        }
        flaws
    }

    fn network(&self) -> Option<&'static [Feature]> {
        Some(&[])
    }
}
