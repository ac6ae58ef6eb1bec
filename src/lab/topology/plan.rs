//! The plan as it would be if the present topology had been meant. Pure.
//!
//! What is proved, drawn and watched is a plan. So this one function makes all of them speak of what is.

use std::time::Duration;

use crate::lab::status::SubscriptionStatus;
use crate::name::{ApplicationName, NodeName, ObjectName, SlotName};
use crate::plan::{Plan, PlannedNode, PlannedSubscription, Role, Standby, sync};
use crate::scenario::sync_names::SyncStandbyNames;
use crate::server::replication::SyncState;
use crate::server::slots;
use crate::server::upstream::Upstream;

use super::{Answers, PresentRole, Topology, Unasked};

/// What each node said, in plan order.
type Asked = [Result<Answers, Unasked>];

impl Plan {
    /// The plan with the present roles, upstreams and subscriptions. A node that does not answer stays as it was meant.
    pub(in crate::lab) fn at_present(&self, topology: &Topology, asked: &Asked) -> Self {
        let mut present = self.clone();
        let moved = self.nodes.iter().any(|node| {
            topology.role(&node.name).is_some() && !topology.is_as_planned(self, &node.name)
        });
        for (at, node) in present.nodes.iter_mut().enumerate() {
            let Ok(said) = &asked[at] else {
                continue;
            };
            if moved && let Some(role) = self.present_role(&node.name, topology, asked, said) {
                node.role = role;
            }
            node.subscriptions = self.present_subscriptions(node, topology, asked, said);
        }
        self.inherit(topology, &mut present);
        present
    }

    /// What was planned for a node that does not answer is its successor's now: its publications and its tables.
    fn inherit(&self, topology: &Topology, present: &mut Self) {
        for lost in &self.nodes {
            let Some(heir) = topology.successor(&lost.name) else {
                continue;
            };
            let mut nodes = present.nodes.iter_mut();
            if let Some(heir) = nodes.find(|node| node.name == *heir) {
                heir.publications.extend(lost.publications.iter().cloned());
                heir.data.extend(lost.data.iter().cloned());
            }
        }
    }

    fn present_role(
        &self,
        node: &NodeName,
        topology: &Topology,
        asked: &Asked,
        said: &Answers,
    ) -> Option<Role> {
        let upstream = match topology.role(node)? {
            PresentRole::Primary => return Some(Role::Primary),
            PresentRole::Standby { upstream, .. } => upstream.clone()?,
        };
        let link = said.upstream.as_ref()?;
        let slot = link.slot.as_ref();
        Some(Role::Standby(Standby {
            application_name: ApplicationName::found(&link.application_name),
            slot: slot.map(SlotName::found),
            apply_delay: Duration::from_millis(link.apply_delay_ms),
            hot: true,
            sync_states: self.present_states(&upstream, topology, asked, link),
            upstream,
        }))
    }

    /// The `sync_state`s that a standby may show, from the setting that its upstream has now.
    fn present_states(
        &self,
        upstream: &NodeName,
        topology: &Topology,
        asked: &Asked,
        link: &Upstream,
    ) -> Vec<SyncState> {
        let answers = |name: &NodeName| {
            let at = self.nodes.iter().position(|node| node.name == *name)?;
            asked[at].as_ref().ok()
        };
        let names = answers(upstream)
            .filter(|_| topology.role(upstream) == Some(&PresentRole::Primary))
            .and_then(|said| said.synchronous.parse::<SyncStandbyNames>().ok());
        let Some(names) = names else {
            return vec![SyncState::Async];
        };
        let siblings = self.nodes.iter().filter_map(|node| {
            let below = topology.upstream(&node.name) == Some(upstream);
            let said = below.then(|| answers(&node.name)).flatten()?;
            Some(said.upstream.as_ref()?.application_name.as_str())
        });
        let siblings: Vec<&str> = siblings.collect();
        sync::states(&names, &link.application_name, &siblings)
    }

    /// The subscriptions that a node has, and those that it should have and that are nowhere.
    fn present_subscriptions(
        &self,
        node: &PlannedNode,
        topology: &Topology,
        asked: &Asked,
        said: &Answers,
    ) -> Vec<PlannedSubscription> {
        // A standby shows its primary's, which are counted there.
        if topology.role(&node.name) != Some(&PresentRole::Primary) {
            return Vec::new();
        }
        let Ok(publishing) = &said.publishing else {
            return node.subscriptions.clone();
        };
        let found = publishing.subscriptions.iter();
        let mut present: Vec<PlannedSubscription> = found
            .filter_map(|found| self.present_subscription(node, topology, asked, found))
            .collect();
        // A subscriber's standby that was promoted has its subscriptions.
        let is_anywhere = |name: &ObjectName| {
            let mut nodes = self.nodes.iter().zip(asked);
            nodes.any(|(other, said)| {
                topology.are_of_one_family(&other.name, &node.name)
                    && said
                        .as_ref()
                        .is_ok_and(|said| said.subscribes(name.as_str()))
            })
        };
        let lost = node.subscriptions.iter();
        present.extend(lost.filter(|lost| !is_anywhere(&lost.name)).cloned());
        present
    }

    /// A subscription to a node's copy of the lab's database. Nothing is known of any other publisher.
    fn present_subscription(
        &self,
        node: &PlannedNode,
        topology: &Topology,
        asked: &Asked,
        found: &SubscriptionStatus,
    ) -> Option<PlannedSubscription> {
        let database = found.database.as_deref();
        if database.is_some_and(|its| its != self.database.as_str()) {
            return None;
        }
        let planned = node.subscriptions.iter();
        let planned = planned.clone().find(|its| its.name.as_str() == found.name);
        let slot = found.slot.as_ref().map_or("", |slot| slot.name.as_str());
        // Of several hosts, the one that has the slot.
        let has_slot = |publisher: &&NodeName| {
            let mut nodes = self.nodes.iter().zip(asked);
            nodes.any(|(node, said)| {
                let slots = said.as_ref().map(|said| &said.slots);
                node.name == **publisher
                    && slots.is_ok_and(|slots| slots::named(slots, slot).is_some())
            })
        };
        let mut known = found.hosts.iter().filter_map(|host| topology.called(host));
        let first = || topology.called(found.upstream.as_deref()?);
        let publisher = known.find(has_slot).or_else(first)?;
        Some(PlannedSubscription {
            name: ObjectName::found(&found.name),
            upstream: publisher.clone(),
            publications: found.publications.iter().map(ObjectName::found).collect(),
            slot: SlotName::found(slot),
            create_slot: planned.is_none_or(|its| its.create_slot),
            copy_data: planned.is_none_or(|its| its.copy_data),
            create: planned.map(|its| its.create.clone()).unwrap_or_default(),
        })
    }
}
