//! The network faults between nodes: how they are recorded, made and undone.
//!
//! The labels of a volume hold all faults; each change makes a new volume, and the newest counts. So the faults are known
//! after a crash and from another shell, and a restarted node gets its faults back. Both sides of a cut link drop its
//! packets. So a restart of one side changes nothing.

mod beside;
pub(super) mod error;
pub mod kernel;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::action::link::Link;
use crate::action::{Bandwidth, Percent};
use crate::engine::{Container, ContainerState, Selector, Volume};
use crate::name::NodeName;
use crate::text::duration;

use super::error::LabError;
use super::labels::{self, FAULTS_LABEL};
use super::{Lab, claim};

pub use error::FaultError;
pub(crate) use rules::Rules;

/// The faults of one direction between two nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkFault {
    /// The sender.
    pub from: NodeName,
    /// The receiver.
    pub to: NodeName,
    /// Whether all packets are dropped.
    pub cut: bool,
    /// Delay in milliseconds.
    pub delay_ms: Option<f64>,
    /// Jitter of the delay in milliseconds.
    pub jitter_ms: Option<f64>,
    /// Packet loss in percent.
    pub loss: Option<Percent>,
    /// Bandwidth limit, per second.
    pub rate: Option<Bandwidth>,
}

impl LinkFault {
    fn none(link: Link) -> Self {
        Self {
            from: link.from,
            to: link.to,
            cut: false,
            delay_ms: None,
            jitter_ms: None,
            loss: None,
            rate: None,
        }
    }

    fn touches(&self, node: &NodeName) -> bool {
        self.from == *node || self.to == *node
    }

    /// Whether the link has delay, loss or a rate.
    fn is_shaped(&self) -> bool {
        self.delay_ms.is_some() || self.loss.is_some() || self.rate.is_some()
    }

    /// The link.
    #[must_use]
    pub fn link(&self) -> Link {
        Link {
            from: self.from.clone(),
            to: self.to.clone(),
        }
    }
}

impl fmt::Display for LinkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, .. } = self;
        let mut parts = Vec::new();
        if self.cut {
            return write!(f, "packets from {from} to {to} are lost");
        }
        let shown = |ms: f64| duration(Duration::from_secs_f64(ms / 1000.0));
        if let Some(ms) = self.delay_ms {
            let jitter = self.jitter_ms.map(|ms| format!(" ± {}", shown(ms)));
            parts.push(format!("delay {}{}", shown(ms), jitter.unwrap_or_default()));
        }
        parts.extend(self.loss.map(|loss| format!("loss {loss}")));
        parts.extend(self.rate.map(|rate| format!("rate {rate}")));
        write!(f, "packets from {from} to {to}: {}", parts.join(", "))
    }
}

/// All faults of a lab's network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// The links that have a fault.
    pub links: Vec<LinkFault>,
    /// The last known addresses of the nodes concerned.
    addresses: BTreeMap<NodeName, Ipv4Addr>,
}

impl Faults {
    /// Adds to the faults of links.
    pub fn add(&mut self, links: Vec<Link>, fault: impl Fn(&mut LinkFault)) {
        for link in links {
            let known = self.links.iter().position(|known| known.link() == link);
            let at = known.unwrap_or_else(|| {
                self.links.push(LinkFault::none(link));
                self.links.len() - 1
            });
            fault(&mut self.links[at]);
        }
        self.links.sort_by_key(LinkFault::link);
    }

    /// Removes all faults of links, and returns the number of links that had any.
    pub fn heal(&mut self, is_healed: impl Fn(&Link) -> bool) -> usize {
        let before = self.links.len();
        self.links.retain(|fault| !is_healed(&fault.link()));
        before - self.links.len()
    }

    /// The nodes whose rules differ between two states.
    fn differing(&self, other: &Self, nodes: impl Iterator<Item = NodeName>) -> Vec<NodeName> {
        nodes
            .filter(|node| Rules::of(self, node) != Rules::of(other, node))
            .collect()
    }

    fn nodes(&self) -> BTreeSet<&NodeName> {
        let links = self.links.iter();
        links.flat_map(|fault| [&fault.from, &fault.to]).collect()
    }
}

/// Faults in words. A link that is cut in both directions is listed once.
#[must_use]
pub fn lines(links: &[LinkFault]) -> Vec<String> {
    let is_cut = |from: &NodeName, to: &NodeName| {
        let mut links = links.iter();
        links.any(|fault| fault.cut && fault.from == *from && fault.to == *to)
    };
    let mut told = Vec::new();
    for fault in links {
        let LinkFault { from, to, .. } = fault;
        if !fault.cut || !is_cut(to, from) {
            told.push(fault.to_string());
        } else if from < to {
            told.push(format!("{from} and {to} do not reach each other"));
        }
    }
    told
}

/// The newest state, and the volumes that hold it and older states.
struct Noted {
    number: u64,
    faults: Faults,
    volumes: Vec<String>,
}

impl Lab {
    /// The lab's present network faults.
    ///
    /// # Errors
    /// The engine's error.
    pub async fn faults(&self) -> Result<Faults, LabError> {
        Ok(self.noted().await?.faults)
    }

    async fn noted(&self) -> Result<Noted, LabError> {
        let lab = &self.plan.lab;
        let volumes = self.engine.volumes(&Selector::lab(lab)).await?;
        let mut noted = Noted {
            number: 0,
            faults: Faults::default(),
            volumes: Vec::new(),
        };
        for volume in volumes {
            let own = Some(&volume.labels).filter(|own| self.claim.owns(own));
            let Some(json) = own.and_then(|own| own.get(FAULTS_LABEL)) else {
                continue;
            };
            let number = labels::faults_number(lab, &volume.name).unwrap_or_default();
            if number >= noted.number {
                noted.faults = serde_json::from_str(json).unwrap_or_default();
                noted.number = number;
            }
            noted.volumes.push(volume.name);
        }
        Ok(noted)
    }

    /// Changes the lab's network faults. The change is in force when this returns. If it fails, the previous state is
    /// restored.
    ///
    /// # Errors
    /// [`FaultError`], or the engine's error.
    pub async fn change_faults(
        &self,
        cancel: &CancellationToken,
        change: impl Fn(&mut Faults),
    ) -> Result<Faults, LabError> {
        loop {
            let before = self.noted().await?;
            let mut wanted = before.faults.clone();
            change(&mut wanted);
            let containers = self
                .engine
                .containers(&Selector::lab(&self.plan.lab))
                .await?;
            locate(&mut wanted, &containers);
            if wanted == before.faults {
                return Ok(wanted);
            }
            let names = || self.plan.nodes.iter().map(|node| node.name.clone());
            let differing = wanted.differing(&before.faults, names());
            if !self.note(before.number + 1, &wanted).await? {
                // Another process changed the faults meanwhile.
                continue;
            }
            if let Err(error) = self.enforce(&wanted, &differing, &containers, cancel).await {
                self.note(before.number + 2, &before.faults).await?;
                let never = CancellationToken::new();
                let undone = self
                    .enforce(&before.faults, &differing, &containers, &never)
                    .await;
                if let Err(undoing) = undone {
                    tracing::error!(%undoing, "undoing a fault");
                }
                return Err(error);
            }
            for old in before.volumes {
                self.engine.remove_volume(&old).await?;
            }
            // A process that recorded first and applied last may have overwritten this change.
            let after = self.noted().await?;
            if after.number > before.number + 1 {
                self.enforce(&after.faults, &differing, &containers, cancel)
                    .await?;
            }
            return Ok(wanted);
        }
    }

    /// Gives a restarted node its faults back.
    ///
    /// # Errors
    /// As [`Lab::change_faults`].
    pub async fn restore_faults(
        &self,
        node: &NodeName,
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let noted = self.noted().await?;
        if !noted.faults.nodes().contains(node) {
            return Ok(());
        }
        // A node that was down when its links were cut has an address only now.
        let faults = self.change_faults(cancel, |_| ()).await?;
        let containers = self
            .engine
            .containers(&Selector::lab(&self.plan.lab))
            .await?;
        let own = std::slice::from_ref(node);
        self.enforce(&faults, own, &containers, cancel).await
    }

    /// Records a state. False if another process has recorded one with that number.
    async fn note(&self, number: u64, faults: &Faults) -> Result<bool, LabError> {
        let lab = &self.plan.lab;
        let token = claim::random_word();
        let mut own = labels::of_lab(&self.claim);
        own.insert(labels::NOTE_LABEL.to_owned(), token.clone());
        let json = serde_json::to_string(faults).map_err(FaultError::Note)?;
        own.insert(FAULTS_LABEL.to_owned(), json);
        let wanted = Volume {
            name: labels::faults_object(lab, number),
            labels: own,
        };
        let made = self.engine.create_volume(&wanted).await?;
        Ok(made.labels.get(labels::NOTE_LABEL) == Some(&token))
    }

    /// Applies faults on nodes. A node that does not run gets its faults when it is started.
    async fn enforce(
        &self,
        faults: &Faults,
        nodes: &[NodeName],
        containers: &[Container],
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let each = nodes.iter().map(|node| async move {
            let runs = find_node(containers, node).filter(|found| {
                matches!(
                    found.state,
                    ContainerState::Running | ContainerState::Paused
                )
            });
            match runs {
                Some(container) => {
                    let rules = Rules::of(faults, node);
                    self.apply(node, container, &rules, cancel).await
                }
                None => Ok(()),
            }
        });
        // All run to their ends even if one fails.
        join_all(each).await.into_iter().collect()
    }
}

fn find_node<'a>(containers: &'a [Container], node: &NodeName) -> Option<&'a Container> {
    let is_it = |found: &&Container| {
        let label = found.labels.get(labels::NODE_LABEL);
        label.is_some_and(|name| name == node.as_str())
    };
    containers.iter().find(is_it)
}

/// Records the addresses of the nodes.
fn locate(faults: &mut Faults, containers: &[Container]) {
    let known = faults.nodes().into_iter().cloned().collect::<Vec<_>>();
    for node in known {
        let found = find_node(containers, &node);
        if let Some(address) = found.and_then(|found| found.address) {
            faults.addresses.insert(node, address);
        }
    }
    let nodes: BTreeSet<NodeName> = faults.nodes().into_iter().cloned().collect();
    faults.addresses.retain(|node, _| nodes.contains(node));
}

#[cfg(test)]
mod tests;
