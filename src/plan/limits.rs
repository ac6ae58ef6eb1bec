//! What a node may take of the machine, resolved.

use serde::{Deserialize, Serialize};

use crate::scenario::Node;
use crate::server::conf::Setting;

/// The most processes of a node that says nothing else: a run-away program must not fill the host.
const PIDS: u32 = 8192;

/// Processes besides those of connections.
const OTHERS: u32 = 1024;

/// What a node may take of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlannedLimits {
    /// Its memory in bytes, if it is limited.
    pub memory: Option<u64>,
    /// Its processors, if they are limited.
    pub cpus: Option<f64>,
    /// The most processes at once.
    pub pids: u32,
}

impl Default for PlannedLimits {
    fn default() -> Self {
        Self {
            memory: None,
            cpus: None,
            pids: PIDS,
        }
    }
}

impl PlannedLimits {
    /// The limits that the scenario set, in words; empty without any.
    #[must_use]
    pub fn words(&self) -> String {
        let memory = self
            .memory
            .map(|bytes| format!("{} MB of memory", bytes.div_ceil(1 << 20)));
        let cpus = self.cpus.map(|cpus| {
            let noun = if cpus > 1.0 {
                "processors"
            } else {
                "processor"
            };
            format!("{cpus} {noun}")
        });
        let pids = (self.pids != PIDS).then(|| format!("{} processes", self.pids));
        let words: Vec<String> = [memory, cpus, pids].into_iter().flatten().collect();
        words.join(", ")
    }
}

/// The limits of a node with these settings.
pub(super) fn of_node(node: &Node, settings: &[Setting]) -> PlannedLimits {
    let mut settings = settings.iter();
    let connections = settings.find(|setting| setting.name == "max_connections");
    let connections = connections.and_then(|setting| setting.value.parse::<u32>().ok());
    let enough = connections.unwrap_or_default().saturating_add(OTHERS);
    PlannedLimits {
        memory: node.memory.map(|memory| memory.0),
        cpus: node.cpus.map(|cpus| cpus.0),
        pids: node.pids.map_or(enough.max(PIDS), |pids| pids.0),
    }
}
