//! The present topology: who is primary now, and who streams from whom. Pure: it gets what was seen of the nodes.
//!
//! The plan says what was meant. After a failover it is history, so every verb that speaks of a lab speaks of this.

mod plan;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::name::NodeName;
use crate::plan::{Plan, Role};
use crate::server::replication::{self, Sender};
use crate::server::state::ServerState;
use crate::server::upstream::Upstream;

use super::{hosts, labels};

pub(super) use seen::{Answers, Unasked, runs};

/// One node, as it was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    /// Its address inside the lab's network.
    pub(super) address: Option<&'a str>,
    /// What its server said; `None` without an answer.
    pub(super) said: Option<Said<'a>>,
}

/// What a node's server said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) state: &'a ServerState,
    pub(super) senders: &'a [Sender],
    pub(super) upstream: Option<&'a Upstream>,
}

/// The present role of a node that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PresentRole {
    /// It takes writes.
    Primary,
    /// It is in recovery.
    Standby {
        /// The node that its WAL comes from: it is connected there, or configured to be. `None` when that is no node.
        upstream: Option<NodeName>,
        /// Whether the upstream sends to it.
        streams: bool,
    },
}

/// The present place of every node, in plan order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topology {
    members: BTreeMap<NodeName, Member>,
    /// In plan order.
    order: Vec<NodeName>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// The primary that the plan puts at the top of its chain of upstreams.
    family: NodeName,
    /// Its database system; `None` without an answer.
    system: Option<String>,
    timeline: Option<i32>,
    role: Option<PresentRole>,
    /// The name of its container.
    container: String,
    /// Its address inside the lab's network.
    address: Option<String>,
}

impl Topology {
    /// The present topology, from what was seen of each node of the plan, in its order.
    pub(super) fn of(plan: &Plan, sights: &[Sight<'_>]) -> Self {
        let names: Vec<&NodeName> = plan.nodes.iter().map(|node| &node.name).collect();
        let called = |host: &str| {
            let is_it = |at: &usize| {
                let container = labels::node_object(&plan.lab, names[*at]);
                hosts::means(host, names[*at], &container, sights[*at].address)
            };
            (0..names.len()).find(is_it)
        };
        let member = |at: usize| {
            let said = sights[at].said;
            let role = said.map(|said| match said.upstream {
                None => PresentRole::Primary,
                Some(link) => {
                    let upstream = match &link.connected {
                        Some(host) => called(host),
                        None => link.hosts.iter().find_map(|host| called(host)),
                    };
                    let is_connected = link.connected.is_some();
                    let serves = |upstream: usize| {
                        let sender = sights[upstream].said.map(|upstream| {
                            let own = sights[at].address;
                            let its = sender_to(upstream.senders, &link.application_name, own);
                            // One that only starts is refused, or has nothing that the standby can take.
                            its.is_some_and(Sender::sends)
                        });
                        // An upstream that does not answer cannot deny it.
                        is_connected && sender.unwrap_or(true)
                    };
                    PresentRole::Standby {
                        upstream: upstream.map(|at| names[at].clone()),
                        streams: upstream.is_some_and(serves),
                    }
                }
            });
            Member {
                family: plan.primary_of(names[at]).clone(),
                system: said.map(|said| said.state.system.clone()),
                timeline: said.map(|said| said.state.timeline),
                role,
                container: labels::node_object(&plan.lab, names[at]),
                address: sights[at].address.map(str::to_owned),
            }
        };
        let members = (0..names.len()).map(|at| (names[at].clone(), member(at)));
        Self {
            members: members.collect(),
            order: names.into_iter().cloned().collect(),
        }
    }

    /// The present role of a node; `None` when it does not answer.
    #[must_use]
    pub fn role(&self, node: &NodeName) -> Option<&PresentRole> {
        self.members.get(node)?.role.as_ref()
    }

    /// The node that a standby's WAL comes from.
    #[must_use]
    pub fn upstream(&self, node: &NodeName) -> Option<&NodeName> {
        match self.role(node)? {
            PresentRole::Primary => None,
            PresentRole::Standby { upstream, .. } => upstream.as_ref(),
        }
    }

    /// The node that a host means.
    pub(super) fn called(&self, host: &str) -> Option<&NodeName> {
        self.order.iter().find(|node| {
            let its = &self.members[*node];
            hosts::means(host, node, &its.container, its.address.as_deref())
        })
    }

    /// Whether the plan puts two nodes below one primary.
    fn are_of_one_family(&self, one: &NodeName, other: &NodeName) -> bool {
        let family = |node: &NodeName| self.members.get(node).map(|its| &its.family);
        family(one) == family(other)
    }

    fn is_primary(&self, node: &NodeName) -> bool {
        self.role(node) == Some(&PresentRole::Primary)
    }

    /// The current primaries, in plan order.
    pub fn primaries(&self) -> impl Iterator<Item = &NodeName> {
        self.order.iter().filter(|node| self.is_primary(node))
    }

    /// The primary at the top of a node's present chain of upstreams; `None` when that is not known.
    #[must_use]
    pub fn primary_of<'a>(&'a self, node: &'a NodeName) -> Option<&'a NodeName> {
        let mut at = node;
        for _ in 0..=self.order.len() {
            if self.is_primary(at) {
                return Some(at);
            }
            at = self.upstream(at)?;
        }
        None
    }

    /// The current primaries among the nodes that the plan puts below one primary.
    fn of_family<'a>(&'a self, family: &'a NodeName) -> impl Iterator<Item = &'a NodeName> {
        self.primaries()
            .filter(move |node| self.members[*node].family == *family)
    }

    /// The primaries that a person may mean by the lab's primary: those of its first node's family.
    #[must_use]
    pub fn leaders(&self) -> Vec<&NodeName> {
        let Some(first) = self.order.first() else {
            return Vec::new();
        };
        let family = &self.members[first].family;
        self.systems(self.of_family(family).collect())
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    /// Nodes by database system, in plan order. A node with another identifier is a server of its own.
    fn systems<'a>(&'a self, nodes: Vec<&'a NodeName>) -> Vec<Vec<&'a NodeName>> {
        let mut systems: Vec<Vec<&NodeName>> = Vec::new();
        for node in nodes {
            let same = |group: &&mut Vec<&NodeName>| {
                self.members[group[0]].system == self.members[node].system
            };
            match systems.iter_mut().find(same) {
                Some(group) => group.push(node),
                None => systems.push(vec![node]),
            }
        }
        systems
    }

    /// The primaries of one database system that the plan puts below one primary: a split brain. The one of the oldest
    /// timeline comes first.
    #[must_use]
    pub fn rivals(&self) -> Vec<Vec<&NodeName>> {
        let families: BTreeSet<&NodeName> = self.members.values().map(|its| &its.family).collect();
        let groups = families
            .into_iter()
            .flat_map(|family| self.systems(self.of_family(family).collect()));
        let mut rivals: Vec<Vec<&NodeName>> = groups.filter(|group| group.len() > 1).collect();
        for group in &mut rivals {
            group.sort_by_key(|node| self.members[*node].timeline);
        }
        rivals
    }

    /// The primaries that took over a family while this node does not answer: one, or several that compete. Started as it
    /// is, the node could be one more primary.
    #[must_use]
    pub fn successors(&self, node: &NodeName) -> Vec<&NodeName> {
        let Some(own) = self.members.get(node).filter(|own| own.role.is_none()) else {
            return Vec::new();
        };
        let systems = self.systems(self.of_family(&own.family).collect());
        let now = systems.into_iter().next().unwrap_or_default();
        if now.first() == Some(&&own.family) {
            return Vec::new();
        }
        now
    }

    /// The first primary that took over a family while this node does not answer.
    #[must_use]
    pub fn successor(&self, node: &NodeName) -> Option<&NodeName> {
        self.successors(node).first().copied()
    }

    /// The primary that has a node's place now, if it is not the node itself.
    #[must_use]
    pub fn now_instead_of<'a>(&'a self, node: &'a NodeName) -> Option<&'a NodeName> {
        if self.is_primary(node) {
            return None;
        }
        self.primary_of(node).or_else(|| self.successor(node))
    }

    /// Whether a node is what the plan says: its role, and its upstream.
    #[must_use]
    pub fn is_as_planned(&self, plan: &Plan, node: &NodeName) -> bool {
        let planned = plan.node(node).map(|node| &node.role);
        match (self.role(node), planned) {
            (Some(PresentRole::Primary), Some(Role::Primary)) => true,
            (Some(PresentRole::Standby { upstream, .. }), Some(Role::Standby(planned))) => {
                upstream.as_ref() == Some(&planned.upstream)
            }
            _ => false,
        }
    }
}

/// The walsender to a standby: by its name, and by its address where several have that name.
pub(super) fn sender_to<'a>(
    senders: &'a [Sender],
    application_name: &'a str,
    address: Option<&str>,
) -> Option<&'a Sender> {
    let mut named = replication::to_standby(senders, application_name);
    let first = named.next();
    let is_its = |sender: &&Sender| sender.address.as_deref() == address;
    match named.next() {
        None => first,
        Some(_) => replication::to_standby(senders, application_name)
            .find(is_its)
            .or(first),
    }
}

#[cfg(test)]
mod tests;
