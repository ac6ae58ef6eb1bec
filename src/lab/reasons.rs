//! Why subscriptions do not get on, from the logs of both ends. Each log is read once.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::name::NodeName;
use crate::server::entries::Entry;
use crate::server::subscriptions::Subscription;
use crate::server::trouble::{self, Known, Trouble};

use super::Lab;
use super::status::SubscriptionStatus;

/// A subscription that does not get on.
#[derive(Debug, Clone)]
pub struct Suspect<'a> {
    /// Its node.
    pub node: &'a NodeName,
    /// Its name.
    pub name: &'a str,
    /// The hosts that it may connect to.
    pub publishers: Vec<&'a str>,
    /// Its slot there.
    pub slot: Option<&'a str>,
    /// Its object identifier, if its tables' copies are in question too.
    pub oid: Option<u32>,
}

impl<'a> Suspect<'a> {
    pub(super) fn of(node: &'a NodeName, its: &'a SubscriptionStatus) -> Self {
        Self {
            node,
            name: &its.name,
            publishers: its.hosts.iter().map(String::as_str).collect(),
            slot: its.slot.as_ref().map(|slot| slot.name.as_str()),
            oid: Some(its.oid),
        }
    }

    /// A subscription as its server describes it.
    #[must_use]
    pub fn found(node: &'a NodeName, its: &'a Subscription) -> Self {
        Self {
            node,
            name: &its.name,
            publishers: its.hosts.iter().map(String::as_str).collect(),
            slot: its.slot.as_deref(),
            oid: Some(its.oid),
        }
    }
}

/// The logs that were read so far.
pub(super) struct Reasons<'a> {
    lab: &'a Lab,
    logs: BTreeMap<NodeName, Vec<Entry>>,
}

impl<'a> Reasons<'a> {
    pub(super) fn of(lab: &'a Lab) -> Self {
        Self {
            lab,
            logs: BTreeMap::new(),
        }
    }

    async fn log(&mut self, node: &NodeName) -> &[Entry] {
        if !self.logs.contains_key(node) {
            let entries = self.lab.server_log(node).await.unwrap_or_default();
            self.logs.insert(node.clone(), entries);
        }
        self.logs.get(node).map_or(&[], Vec::as_slice)
    }

    /// The last failure of a subscription: what its own node says, or else what its publisher says.
    pub(super) async fn trouble(&mut self, suspect: &Suspect<'_>) -> Option<Trouble> {
        let now = SystemTime::now();
        let own = trouble::last(self.log(suspect.node).await, suspect.name, now);
        if own.as_ref().is_some_and(|own| !own.is_vague()) {
            return own;
        }
        let Some(slot) = suspect.slot else {
            return own;
        };
        let known = Known {
            slot,
            oid: suspect.oid,
        };
        let mut said = None;
        for host in &suspect.publishers {
            let Some(publisher) = self.lab.host(host) else {
                continue;
            };
            let log = self.log(&publisher).await;
            said = said.or(trouble::of_publisher(log, publisher.as_str(), known, now));
        }
        said.or(own)
    }
}

impl Lab {
    /// The last failure of a subscription in the logs of its node and its publisher.
    pub async fn trouble(&self, suspect: &Suspect<'_>) -> Option<Trouble> {
        Reasons::of(self).trouble(suspect).await
    }
}
