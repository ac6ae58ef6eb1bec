//! `clone`: a node recreated as a standby from a kept backup.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, Flaw, Known, Step, backup};
use crate::name::{BackupName, NodeName, SlotName};

/// Recreates a node as a standby from a kept base backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clone {
    /// The node. Its old data is removed.
    pub node: NodeName,
    /// The backup.
    pub backup: BackupName,
    /// The node that it streams from.
    pub upstream: NodeName,
    /// The slot on the upstream that it streams through. It is created if it does not exist. Default: no slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotName>,
}

impl Declare for Clone {
    const EXAMPLE: &'static str = "- clone: { node: leaf, backup: monday, upstream: replica }\n";

    fn describe(&self) -> String {
        format!(
            "recreate {} from backup `{}` as a standby of {}",
            self.node, self.backup, self.upstream
        )
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("node", &self.node), ("upstream", &self.upstream)]
    }

    fn flaws(&self, _: &Step, known: &Known<'_>) -> Vec<Flaw> {
        backup::missing(&self.backup, known)
    }

    fn makes_standby<'a>(&'a self, _: Option<&'a NodeName>) -> Option<&'a NodeName> {
        Some(&self.node)
    }
}
