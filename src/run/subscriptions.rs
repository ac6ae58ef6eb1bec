//! Subscriptions of nodes, the publishers that they connect to, and their progress as the publisher knows it.

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::name::NodeName;
use crate::server::conninfo::is_local;
use crate::server::lsn::Lsn;
use crate::server::replication::Sender;
use crate::server::slots::Slot;
use crate::server::subscriptions::{self, Subscription};
use crate::server::{replication, slots};

/// What a publisher knows of a subscription.
pub(super) struct Progress {
    /// Its slot.
    pub(super) slot: Slot,
    /// The walsender that streams through the slot.
    pub(super) sender: Option<Sender>,
}

impl Progress {
    /// The position up to which the subscription has applied the publisher's WAL.
    pub(super) fn applied(&self) -> Option<Lsn> {
        // An applied change may reach the subscriber's disk a fifth of a second later (`synchronous_commit = off`).
        let applied = self.sender.as_ref().and_then(|sender| sender.replay_lsn);
        self.slot.confirmed_flush_lsn.max(applied)
    }
}

impl Scene<'_> {
    /// The subscriptions of a node in all databases, without their tables. A standby has none: it shows those of its
    /// primary.
    pub(super) async fn subscriptions(&self, node: &NodeName) -> Tried<Vec<Subscription>> {
        if self.recovers(node).await? {
            return Ok(Vec::new());
        }
        Ok(subscriptions::everywhere(&*self.client(node).await?).await?)
    }

    /// The node that a subscription connects to: the one of its hosts that has its slot. A host that is no node of the lab,
    /// such as a proxy, stands for the planned publisher.
    pub(super) async fn publisher(
        &self,
        node: &NodeName,
        subscription: &Subscription,
    ) -> Tried<NodeName> {
        let mut publishers = Vec::new();
        for host in &subscription.hosts {
            publishers.extend(self.node_at(node, host));
        }
        if subscription.hosts.is_empty() {
            publishers.push(node.clone());
        }
        let planned = self.lab.plan.node(node).into_iter();
        let mut planned = planned.flat_map(|node| &node.subscriptions);
        let planned = planned.find(|planned| planned.name.as_str() == subscription.name);
        if publishers.is_empty() {
            publishers.extend(planned.map(|planned| planned.upstream.clone()));
        }
        match publishers.as_slice() {
            [] => {
                let host = subscription.hosts.join(",");
                let name = &subscription.name;
                Err(Wrong::failed(format!(
                    "the subscription `{name}` of `{node}` connects to `{host}`, which is no node of the lab"
                )))
            }
            [only] => Ok(only.clone()),
            several => Ok(self.with_slot(several, subscription).await),
        }
    }

    /// The node among several that has a subscription's slot, in use if possible. Otherwise the first.
    async fn with_slot(&self, nodes: &[NodeName], subscription: &Subscription) -> NodeName {
        let mut idle = None;
        for node in nodes {
            let Ok(Some(progress)) = self.progress(node, subscription).await else {
                continue;
            };
            if progress.slot.is_active {
                return node.clone();
            }
            idle = idle.or(Some(node));
        }
        idle.unwrap_or(&nodes[0]).clone()
    }

    /// What a publisher knows of a subscription. `None` if it has no slot for it.
    pub(super) async fn progress(
        &self,
        publisher: &NodeName,
        subscription: &Subscription,
    ) -> Tried<Option<Progress>> {
        let Some(name) = &subscription.slot else {
            return Ok(None);
        };
        let reader = self.client(publisher).await?;
        let slots = slots::slots(&reader).await?;
        let Some(slot) = slots::named(&slots, name) else {
            return Ok(None);
        };
        let senders = replication::senders(&reader).await?;
        let sender = replication::through(&senders, slot).cloned();
        let slot = slot.clone();
        Ok(Some(Progress { slot, sender }))
    }

    /// The node that a host means to a node: by its name, by its container's or by its address.
    fn node_at(&self, from: &NodeName, host: &str) -> Option<NodeName> {
        if is_local(host) {
            return Some(from.clone());
        }
        self.node_called(host)
    }
}
