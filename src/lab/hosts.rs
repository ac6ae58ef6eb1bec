//! The node that a host of a connection string means. Status, checks, proofs and steps all ask here.

use crate::name::NodeName;

use super::{Lab, labels};

/// Whether a host means a node: it is the node's name, its container's name or its address.
pub(super) fn means(host: &str, node: &NodeName, container: &str, address: Option<&str>) -> bool {
    host == node.as_str() || host == container || address == Some(host)
}

impl Lab {
    /// The node that a host means. `None` if it is no node of the lab.
    #[must_use]
    pub fn host(&self, host: &str) -> Option<NodeName> {
        let mut nodes = self.nodes();
        let found = nodes.find(|(node, container)| {
            let address = container.and_then(|found| found.address);
            let address = address.map(|its| its.to_string());
            let container = labels::node_object(&self.plan.lab, &node.name);
            means(host, &node.name, &container, address.as_deref())
        });
        found.map(|(node, _)| node.name.clone())
    }
}
