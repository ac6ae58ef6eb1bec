//! What a node may take of the machine, compared with what its server takes.

use super::{Finding, Node, Scenario};
use crate::name::NodeName;
use crate::units::{self, SizeUnit};

/// What `shared_buffers` is where nothing says it: `initdb` writes it.
const SHARED_BUFFERS: u64 = 128 << 20;

/// What a server needs besides its buffers, before the first query.
const BESIDES: u64 = 32 << 20;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let nodes = scenario.nodes.0.iter();
    nodes
        .flat_map(|(name, node)| [buffers(name, node), disk(name, node)])
        .flatten()
        .collect()
}

fn memory_path(name: &NodeName) -> String {
    format!("nodes.{name}.memory")
}

/// As PostgreSQL writes it.
fn size(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 30) {
        return format!("{}GB", bytes >> 30);
    }
    format!("{}MB", bytes.div_ceil(1 << 20))
}

fn buffers(name: &NodeName, node: &Node) -> Option<Finding> {
    let memory = node.memory?.0;
    let own = node.conf.find("shared_buffers");
    let buffers = match own {
        // What is no size is an error of its own.
        Some(own) => units::bytes(&own.0, SizeUnit::Blocks).ok()?,
        None => SHARED_BUFFERS,
    };
    let wanted = buffers.saturating_add(BESIDES);
    if memory >= wanted {
        return None;
    }
    let default = if own.is_none() { ", the default" } else { "" };
    let message = format!(
        "`{name}` has {} of memory, and its `shared_buffers` are {}{default}",
        size(memory),
        size(buffers)
    );
    let help = format!(
        "the kernel would kill the server: write at least {}, or lower `shared_buffers`",
        size(wanted)
    );
    Some(Finding::value(memory_path(name), message, help))
}

fn disk(name: &NodeName, node: &Node) -> Option<Finding> {
    let (memory, disk) = (node.memory?.0, node.disk?.0);
    if memory > disk {
        return None;
    }
    let message = format!(
        "`{name}` has {} of memory, and its `disk` of {} is memory too",
        size(memory),
        size(disk)
    );
    let help = "what the server writes there counts as its memory: write more, or a smaller disk";
    Some(Finding::value(memory_path(name), message, help.to_owned()))
}
