//! The order of nodes: each after its upstream, otherwise as written.

use crate::name::NodeName;
use crate::scenario::{Node, Nodes};

/// The nodes, upstreams first. Nodes in a loop come last; checks refuse them.
#[must_use]
pub fn upstreams_first(nodes: &Nodes) -> Vec<(&NodeName, &Node)> {
    let mut left: Vec<(&NodeName, &Node)> =
        nodes.0.iter().map(|(name, node)| (name, node)).collect();
    let mut ordered: Vec<(&NodeName, &Node)> = Vec::with_capacity(left.len());
    loop {
        let before = ordered.len();
        left.retain(|(name, node)| {
            let ready = node
                .standby_of
                .as_ref()
                .is_none_or(|up| ordered.iter().any(|(done, _)| *done == up));
            if ready {
                ordered.push((name, node));
            }
            !ready
        });
        if ordered.len() == before {
            ordered.extend(left);
            return ordered;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::root;

    fn node(upstream: Option<&str>) -> Node {
        Node {
            standby_of: upstream.map(|name| NodeName::new(name).expect("a name")),
            ..Node::default()
        }
    }

    #[test]
    fn a_cascade_starts_from_its_primary() {
        let name = |text: &str| NodeName::new(text).expect("a name");
        let nodes = Nodes(vec![
            (name("third"), node(Some("second"))),
            (name("second"), node(Some("first"))),
            (name("other"), node(None)),
            (name("first"), node(None)),
        ]);
        let order: Vec<_> = upstreams_first(&nodes)
            .into_iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(order, ["other", "first", "second", "third"]);
        assert_eq!(root(&nodes, &name("third")), &name("first"));
    }
}
