//! `caught_up`: nodes that have caught up with their upstreams.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Declare, Flaw, Known, OneOrMany, Step};
use crate::name::{DatabaseName, NodeName, ObjectName};

/// Nodes have replayed or applied all WAL that their upstreams had when the step began: a node or a list of nodes, or
/// `{ node, subscription, database }` with one subscription.
///
/// A standby is compared with its primary. A subscriber must have every subscription enabled, connected through its slot
/// and with its tables copied, in every database, and each table that is published must be subscribed.
///
/// A commit with `synchronous_commit = off` counts, and is waited for until the upstream has flushed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaughtUp {
    /// The standbys and subscribers.
    pub node: OneOrMany<NodeName>,
    /// One subscription of the node. Default: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectName>,
    /// The database of the subscriptions. Default: every database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseName>,
}

impl CaughtUp {
    /// Whether only some subscriptions of the node are meant.
    #[must_use]
    pub fn is_logical(&self) -> bool {
        self.subscription.is_some() || self.database.is_some()
    }
}

impl Declare for CaughtUp {
    const EXAMPLE: &'static str = "\
- caught_up: [replica, subscriber]
  within: 30s
- caught_up: { node: subscriber, subscription: sub }
";
    const SHORT: Option<&'static str> = Some("node");

    fn describe(&self) -> String {
        let has = if self.node.0.len() == 1 {
            "has"
        } else {
            "have"
        };
        let of = self.subscription.as_ref();
        let of = of.map_or_else(String::new, |name| format!(" with subscription {name}"));
        let within = self.database.as_ref();
        let within = within.map_or_else(String::new, |name| format!(" in database {name}"));
        format!("{} {has} caught up{of}{within}", self.node)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.node.at("node").collect()
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        if self.subscription.is_some() && self.node.0.len() > 1 {
            let message = "one subscription cannot belong to several nodes";
            let help = "make a step of it for each node";
            return vec![Flaw::value("node", message).help(help)];
        }
        Vec::new()
    }
}
