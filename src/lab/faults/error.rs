//! Why a fault could not be made or undone.

use crate::action::Feature;
use crate::failure::Explain;
use crate::name::NodeName;

/// A fault that could not be made or undone.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// `nft` or `tc` refused.
    #[error("changing the network of `{node}`: {said}")]
    Refused {
        /// The node.
        node: NodeName,
        /// Their output.
        said: String,
    },
    /// The kernel lacks a queueing discipline.
    #[error("changing the network of `{node}`: this kernel has no `{feature}`")]
    Absent {
        /// The node.
        node: NodeName,
        /// The discipline.
        feature: Feature,
    },
    /// The node's data disk could not be filled or freed.
    #[error("changing the data disk of `{node}`: {said}")]
    Disk {
        /// The node.
        node: NodeName,
        /// The program's output.
        said: String,
    },
    /// The node restarted at every attempt.
    #[error("changing the network of `{node}`: the node restarted at every attempt")]
    Restless {
        /// The node.
        node: NodeName,
    },
    /// The kernel lacks features that the lab's faults need.
    #[error("this kernel lacks features that the steps need: it {}", .0.join("; it "))]
    Kernel(Vec<String>),
    /// The state could not be written.
    #[error("writing down the faults")]
    Note(#[source] serde_json::Error),
}

impl FaultError {
    /// The error for the output `said` of `nft` and `tc`. `shaping` is the batch for `tc`: its line tells which feature
    /// the kernel lacks.
    pub(super) fn refused(node: &NodeName, shaping: &str, said: &str) -> Self {
        let node = node.clone();
        let line = said
            .split_once("Command failed -:")
            .and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<usize>().ok())
            .and_then(|number| shaping.lines().nth(number.checked_sub(1)?));
        let kind = |word: &str| line.is_some_and(|line| line.split(' ').any(|part| part == word));
        let feature = match said.contains("kind is unknown") {
            true if kind("netem") => Feature::Netem,
            true if kind("htb") => Feature::Htb,
            _ => {
                let said = said.to_owned();
                return Self::Refused { node, said };
            }
        };
        Self::Absent { node, feature }
    }
}

impl Explain for FaultError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Kernel(_) => {
                "load the kernel's modules (`modprobe sch_netem sch_htb`), run the lab on another machine, or write \
                 `requires:` into the scenario, so that `lab run` skips it where they are missing"
            }
            Self::Absent {
                feature: Feature::Netem,
                ..
            } => {
                "`modprobe sch_netem` on Docker's host loads it, where it is installed; `partition`, `isolate`, `freeze` and \
                 `rate` need none"
            }
            Self::Absent {
                feature: Feature::Htb,
                ..
            } => {
                "`modprobe sch_htb` on Docker's host loads it, where it is installed; `partition`, `isolate` and `freeze` \
                 need none"
            }
            Self::Refused { .. } => {
                "`modprobe nf_tables sch_htb sch_netem` loads the kernel modules that faults need"
            }
            Self::Restless { .. } | Self::Disk { .. } | Self::Note(_) => return None,
        };
        Some(hint.to_owned())
    }
}
