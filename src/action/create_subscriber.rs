//! `create_subscriber`: a standby that becomes a subscriber.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, Flaw, Known, Step};
use crate::name::{NodeName, ObjectName};

/// Makes a stopped standby a subscriber of its primary with `pg_createsubscriber` (PostgreSQL 17), and starts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSubscriber {
    /// The standby. It must be stopped.
    pub node: NodeName,
    /// The primary that it streamed from.
    pub upstream: NodeName,
    /// The subscription's name. Default: the node's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectName>,
}

impl Declare for CreateSubscriber {
    const EXAMPLE: &'static str = "- create_subscriber: { node: leaf, upstream: primary }\n";

    fn describe(&self) -> String {
        format!("convert {} to a subscriber of {}", self.node, self.upstream)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("node", &self.node), ("upstream", &self.upstream)]
    }

    fn flaws(&self, _: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let node = known.nodes.get(&self.node);
        if node
            .and_then(|node| node.major)
            .is_none_or(|major| major >= 17)
        {
            return Vec::new();
        }
        let flaw = Flaw::key("", "`pg_createsubscriber` came with PostgreSQL 17");
        vec![flaw.help("write `postgres: 17`")]
    }
}
