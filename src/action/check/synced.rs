//! `synced`: subscriptions whose tables are copied.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Declare};
use crate::name::{NodeName, ObjectName};

/// Every table of a node's subscriptions is copied and follows, their workers run, and their publishers send to them. Each
/// table that is published is subscribed.
/// `database` beside it names one database. Default: every database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Synced {
    /// The subscriber.
    pub node: NodeName,
    /// One of its subscriptions. Default: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<ObjectName>,
}

impl Declare for Synced {
    const EXAMPLE: &'static str = "- synced: { node: subscriber, subscription: sub }\n";
    const SHORT: Option<&'static str> = Some("node");

    fn describe(&self) -> String {
        match &self.subscription {
            Some(name) => format!("{}: subscription {name} is synced", self.node),
            None => format!("{}: subscriptions are synced", self.node),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("node", &self.node)]
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::Database
    }
}
