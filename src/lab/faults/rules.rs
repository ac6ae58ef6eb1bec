//! The faults of one node as rules for `nft` and `tc`. Pure.

use std::fmt::Write as _;

use super::{Faults, LinkFault};
use crate::name::NodeName;

/// The rules of one node's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    /// A script for `nft`.
    pub(crate) packets: String,
    /// A batch for `tc`; empty if no link has delay, loss or a rate.
    pub(crate) shaping: String,
}

/// The network device in a node.
const DEVICE: &str = "eth0";

/// The rate of a class that only delays or drops: so high that it does not limit.
const UNLIMITED: u64 = 10_000_000_000;

/// Bytes that one class may send before the next has its turn. Without it, `tc` takes a part of the rate and warns when
/// that is large.
const QUANTUM: u32 = 15_000;

impl Rules {
    pub(crate) fn of(faults: &Faults, node: &NodeName) -> Self {
        let (mut sent, mut received, mut shaping) = (String::new(), String::new(), String::new());
        let mut class = 1;
        for fault in faults.links.iter().filter(|fault| fault.touches(node)) {
            let is_sent = fault.from == *node;
            let other = if is_sent { &fault.to } else { &fault.from };
            // The address is unknown until that node has run.
            let Some(address) = faults.addresses.get(other) else {
                continue;
            };
            if fault.cut {
                let (rules, side) = if is_sent {
                    (&mut sent, "daddr")
                } else {
                    (&mut received, "saddr")
                };
                _ = writeln!(rules, "    ip {side} {address} drop");
            }
            // A cut link gets its class too, so that a missing kernel feature is reported now and not later.
            if is_sent && fault.is_shaped() {
                class += 1;
                _ = writeln!(sent, "    ip daddr {address} meta priority set 1:{class:x}");
                shaping.push_str(&shape(fault, class));
            }
        }
        if !shaping.is_empty() {
            let root = format!("qdisc add dev {DEVICE} root handle 1: htb direct_qlen 1000\n");
            shaping.insert_str(0, &root);
        }
        Self {
            packets: packets(&sent, &received),
            shaping,
        }
    }
}

/// A whole table, which replaces the previous one. Packets are dropped, not refused: a cut network sends no answer.
fn packets(sent: &str, received: &str) -> String {
    let mut text = "table ip lab\ndelete table ip lab\n".to_owned();
    if !sent.is_empty() || !received.is_empty() {
        _ = write!(
            text,
            "table ip lab {{\n  chain sent {{\n    type filter hook output priority 0;\n{sent}  }}\n  \
             chain received {{\n    type filter hook input priority 0;\n{received}  }}\n}}\n"
        );
    }
    text
}

/// The class for traffic to one node.
fn shape(fault: &LinkFault, class: u32) -> String {
    let rate = fault.rate.map_or(UNLIMITED, |rate| rate.0);
    let mut text = format!(
        "class add dev {DEVICE} parent 1: classid 1:{class:x} htb rate {rate}bit quantum {QUANTUM}\n"
    );
    _ = write!(
        text,
        "qdisc add dev {DEVICE} parent 1:{class:x} handle {class:x}: "
    );
    if fault.delay_ms.is_none() && fault.loss.is_none() {
        text.push_str("pfifo limit 1000\n");
        return text;
    }
    text.push_str("netem limit 10000");
    if let Some(ms) = fault.delay_ms {
        let jitter = fault
            .jitter_ms
            .map(|ms| format!(" {ms}ms"))
            .unwrap_or_default();
        _ = write!(text, " delay {ms}ms{jitter}");
    }
    if let Some(loss) = fault.loss {
        _ = write!(text, " loss {loss}");
    }
    text.push('\n');
    text
}
