//! The network, key by key.

use super::Reader;
use crate::scenario::network::NetworkChoice;
use crate::yaml::Node;

/// The keys of `network`.
pub(in crate::scenario) const NETWORK_KEYS: &[&str] = &["subnet"];

impl Reader<'_> {
    pub(super) fn network(&mut self, node: &Node) -> NetworkChoice {
        let keys = self.section(node, "keys of `network`", NETWORK_KEYS);
        NetworkChoice {
            subnet: self.optional(keys, "subnet", Self::text_as),
        }
    }
}
