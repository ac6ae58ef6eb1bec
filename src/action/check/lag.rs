//! `lag`: the lag of a node (manual: "Monitoring" in "Streaming Replication").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Amount, Declare, Flaw, Known, Step};
use crate::name::NodeName;

/// The lag of a node behind the upstream of its WAL. A lag in time is within no limit while it is not known: a standby that was
/// restarted has replayed no commit yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// The standby, or the subscriber.
    pub node: NodeName,
    /// The least lag: a size of WAL that is not replayed yet, `16MB`, or a time since the commit of the last replayed
    /// transaction, `5s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    /// The largest lag: a size or a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
}

impl Declare for Lag {
    const EXAMPLE: &'static str = "- lag: { node: replica, at_most: 16MB }\n";

    fn describe(&self) -> String {
        let parts = [("at least", self.at_least), ("at most", self.at_most)];
        let parts = parts
            .into_iter()
            .filter_map(|(how, amount)| Some(format!("{how} {}", amount?)));
        let parts: Vec<String> = parts.collect();
        format!("{} is {} behind", self.node, parts.join(" and "))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("node", &self.node)]
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        if self.at_least.is_some() || self.at_most.is_some() {
            return Vec::new();
        }
        let flaw = Flaw::value("", "`lag` needs a limit");
        vec![flaw.help("add `at_least: 1MB`, or `at_most: 5s`")]
    }
}
