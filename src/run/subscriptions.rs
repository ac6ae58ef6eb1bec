//! Subscriptions of nodes, the publishers that they connect to, and their progress as the publisher knows it.

use std::time::Duration;

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::name::NodeName;
use crate::server::conninfo::is_local;
use crate::server::lsn::Lsn;
use crate::server::replication::Sender;
use crate::server::slots::{Slot, WalStatus};
use crate::server::subscriptions::{self, Subscription};
use crate::server::{publications, refresh, replication, slots};

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

impl Progress {
    /// Why it is not certain that the publisher sends to a worker that had run for some seconds, `ago` before now. `None` if
    /// it does.
    pub(super) fn unserved(&self, applied_for: f64, ago: Duration) -> Option<String> {
        let slot = &self.slot.name;
        if self.slot.wal_status == Some(WalStatus::Lost) {
            return Some(format!("its slot `{slot}` is lost"));
        }
        let Some(sender) = &self.sender else {
            return Some(format!("its slot `{slot}` is not in use"));
        };
        // The walsender of a worker that ended stays until it notices.
        let age = applied_for + ago.as_secs_f64();
        if sender.connected_for > age {
            return Some(format!("its slot `{slot}` is in use by an earlier worker"));
        }
        let confirms = sender.flush_lsn.is_some();
        (!sender.serves() || !confirms)
            .then(|| format!("nothing is sent through its slot `{slot}`"))
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

    /// That a subscription does not know tables of its publications. `None` if it knows all.
    pub(super) async fn unrefreshed(
        &self,
        publisher: &NodeName,
        subscription: &Subscription,
    ) -> Tried<Option<String>> {
        let database = subscription.remote_database.as_deref();
        let database = database.unwrap_or(self.lab.plan.database.as_str());
        let reader = self.reader(publisher, database).await?;
        let there = publications::publications(&reader).await?;
        Ok(refresh::missed_by(subscription, &there))
    }

    /// The node that a host means to a node: by its name, by its container's or by its address.
    fn node_at(&self, from: &NodeName, host: &str) -> Option<NodeName> {
        if is_local(host) {
            return Some(from.clone());
        }
        self.node_called(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::lsn::Lsn;
    use crate::server::replication::SenderState;
    use crate::server::slots::SlotKind;

    fn served() -> Progress {
        Progress {
            slot: Slot {
                name: "s".to_owned(),
                kind: SlotKind::Logical,
                is_active: true,
                active_pid: Some(7),
                wal_status: Some(WalStatus::Reserved),
                confirmed_flush_lsn: None,
                retained_bytes: None,
                unconfirmed_bytes: None,
                invalidation_reason: None,
                is_synced: None,
                is_temporary: false,
            },
            sender: Some(Sender {
                pid: 7,
                state: Some(SenderState::Streaming),
                connected_for: 5.0,
                flush_lsn: Some(Lsn(9)),
                ..Sender::default()
            }),
        }
    }

    fn unserved(change: impl Fn(&mut Progress), applied_for: f64) -> Option<String> {
        let mut progress = served();
        change(&mut progress);
        progress.unserved(applied_for, Duration::from_millis(100))
    }

    #[test]
    fn a_worker_is_served_through_a_slot_that_is_in_use_by_itself() {
        assert_eq!(unserved(|_| (), 5.0), None);
        let says = |found: Option<String>, words: &str| {
            assert!(
                found.as_ref().is_some_and(|why| why.contains(words)),
                "{found:?}"
            );
        };
        says(unserved(|_| (), 2.0), "an earlier worker");
        says(unserved(|its| its.sender = None, 5.0), "not in use");
        let lost = |its: &mut Progress| its.slot.wal_status = Some(WalStatus::Lost);
        says(unserved(lost, 5.0), "lost");
    }

    #[test]
    fn a_walsender_that_starts_or_gets_no_answer_serves_nobody() {
        let with = |change: fn(&mut Sender)| {
            unserved(|its| its.sender.iter_mut().for_each(change), 5.0).is_some()
        };
        assert!(with(|sender| sender.flush_lsn = None));
        assert!(with(|sender| sender.state = Some(SenderState::Startup)));
        assert!(with(|sender| {
            sender.state = Some(SenderState::Catchup);
            sender.connected_for = 0.01;
        }));
        assert!(!with(|sender| sender.state = Some(SenderState::Catchup)));
    }
}
