//! The publications and subscriptions that a node has now, and their state.

use serde::Serialize;

use crate::name::NodeName;
use crate::server::client::Reader;
use crate::server::lsn::Lsn;
use crate::server::server_error::ServerError;
use crate::server::slots::{self, Slot, WalStatus};
use crate::server::subscriptions::{self, SubscribedTable};
use crate::server::trouble::Trouble;
use crate::server::{publications, refresh};
use crate::text::utc;

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicationStatus {
    /// Its name.
    pub name: String,
    /// Its tables, including those of its schemas: `public.products`.
    pub tables: Vec<String>,
    /// For each of them the root of the partitioned table that it belongs to, or itself.
    #[serde(skip)]
    pub roots: Vec<String>,
    /// The operations that it publishes.
    pub publish: Vec<String>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionStatus {
    /// Its name.
    pub name: String,
    /// Its object identifier.
    #[serde(skip)]
    pub oid: u32,
    /// The host that it connects to: a node's name.
    pub upstream: Option<String>,
    /// All hosts of its connection string, of which libpq takes the first that answers.
    #[serde(skip)]
    pub hosts: Vec<String>,
    /// The database that it connects to.
    pub database: Option<String>,
    /// The publications.
    pub publications: Vec<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether a worker applies its changes now.
    pub active: bool,
    /// The position that it has received.
    pub received_lsn: Option<Lsn>,
    /// Its tables.
    pub tables: Vec<TableStatus>,
    /// How often applying a change has failed. Absent before PostgreSQL 15.
    pub apply_errors: Option<i64>,
    /// How often copying a table has failed. Absent before PostgreSQL 15.
    pub sync_errors: Option<i64>,
    /// Its slot on the upstream.
    pub slot: Option<LogicalSlot>,
    /// Why it fails, if it does: the error in the log of its node or its publisher, and a hint.
    pub trouble: Option<String>,
    /// When that was logged the last time: `2026-11-27T00:41:43Z`. Absent if the log does not say so.
    pub trouble_at: Option<String>,
}

/// One table of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its name.
    pub name: String,
    /// `srsubstate`: `i`, `d`, `f`, `s` or `r`.
    pub state: String,
    /// The state in words: `being copied`, `ready`.
    pub meaning: String,
}

/// A subscription's slot on its upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogicalSlot {
    /// Its name.
    pub name: String,
    /// Whether the upstream has it; absent if the upstream is no node that answers.
    pub exists: Option<bool>,
    /// Whether it is in use; absent when there is no slot.
    pub active: Option<bool>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<WalStatus>,
    /// The position that the subscriber has confirmed.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// Bytes of the upstream's WAL that the subscriber has not confirmed.
    pub lag_bytes: Option<i64>,
}

impl SubscriptionStatus {
    pub(super) fn take_trouble(&mut self, trouble: &Trouble, node: &NodeName) {
        let hint = trouble.hint(&self.name, node.as_str());
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        self.trouble = Some(format!("{trouble}{hint}"));
        self.trouble_at = trouble.at.map(utc::rfc3339);
    }

    /// Adds its slot as its hosts know it; `slots_of` is `None` for one that is no node, or does not answer. Its upstream is
    /// the host that has the slot, in use if possible. A slot is missing if none of them has it.
    pub(super) fn find_slot<'a>(&mut self, slots_of: impl Fn(&str) -> Option<&'a [Slot]>) {
        let Some(slot) = &mut self.slot else { return };
        let seen: Vec<Option<&[Slot]>> = self.hosts.iter().map(|host| slots_of(host)).collect();
        let hosts = self.hosts.iter().zip(&seen);
        let found = hosts.filter_map(|(host, slots)| {
            let found = slots::named(slots.as_ref()?, &slot.name)?;
            Some((host, found))
        });
        let found = found.min_by_key(|(_, found)| !found.is_active);
        if let Some((host, found)) = found {
            slot.fill(found);
            self.upstream = Some(host.clone());
        } else if !seen.is_empty() && seen.iter().all(Option::is_some) {
            slot.exists = Some(false);
        }
    }

    /// That it does not know tables of its publications, which are among those of its publisher.
    pub(in crate::lab) fn missed(&self, there: &[PublicationStatus]) -> Option<String> {
        let published: Vec<(&str, &str)> = there
            .iter()
            .filter(|its| self.publications.contains(&its.name))
            .flat_map(|its| its.tables.iter().zip(&its.roots))
            .map(|(table, root)| (table.as_str(), root.as_str()))
            .collect();
        let subscribed: Vec<&str> = self
            .tables
            .iter()
            .map(|table| table.name.as_str())
            .collect();
        refresh::missed(&self.name, &published, &subscribed)
    }

    /// Whether it is enabled, has a worker, and all its tables are ready.
    pub(in crate::lab) fn is_healthy(&self) -> bool {
        self.enabled && self.active && self.tables.iter().all(|table| table.state == "r")
    }
}

/// The publications and subscriptions of a node.
#[derive(Debug, Default)]
pub(in crate::lab) struct Publishing {
    pub(in crate::lab) publications: Vec<PublicationStatus>,
    pub(in crate::lab) subscriptions: Vec<SubscriptionStatus>,
}

/// Reads them in the database that `reader` is connected to. The slots on the upstreams are added later.
pub(in crate::lab) async fn read(reader: &Reader) -> Result<Publishing, ServerError> {
    let publications = publications::publications(reader).await?;
    let subscriptions = subscriptions::subscriptions(reader).await?;
    Ok(Publishing {
        publications: publications.into_iter().map(Into::into).collect(),
        subscriptions: subscriptions.into_iter().map(Into::into).collect(),
    })
}

impl From<publications::Publication> for PublicationStatus {
    fn from(found: publications::Publication) -> Self {
        Self {
            name: found.name,
            tables: found.tables,
            roots: found.roots,
            publish: found.publish,
        }
    }
}

impl From<subscriptions::Subscription> for SubscriptionStatus {
    fn from(found: subscriptions::Subscription) -> Self {
        let table = |table: SubscribedTable| TableStatus {
            name: table.name,
            state: table.state.0.to_string(),
            meaning: table.state.meaning().to_owned(),
        };
        let upstream = found.host().map(str::to_owned);
        let slot = found.slot.map(|name| LogicalSlot {
            name,
            exists: None,
            active: None,
            wal_status: None,
            confirmed_flush_lsn: None,
            lag_bytes: None,
        });
        Self {
            oid: found.oid,
            upstream,
            hosts: found.hosts,
            name: found.name,
            database: found.remote_database,
            publications: found.publications,
            enabled: found.is_enabled,
            active: found.is_applied,
            received_lsn: found.received_lsn,
            tables: found.tables.into_iter().map(table).collect(),
            apply_errors: found.apply_errors,
            sync_errors: found.sync_errors,
            slot,
            trouble: None,
            trouble_at: None,
        }
    }
}

impl LogicalSlot {
    /// Adds the slot as the upstream shows it.
    pub(in crate::lab) fn fill(&mut self, found: &Slot) {
        self.exists = Some(true);
        self.active = Some(found.is_active);
        self.wal_status.clone_from(&found.wal_status);
        self.confirmed_flush_lsn = found.confirmed_flush_lsn;
        self.lag_bytes = found.unconfirmed_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::slots::SlotKind;

    fn status(hosts: &[&str]) -> SubscriptionStatus {
        let slot = LogicalSlot {
            name: "s".to_owned(),
            exists: None,
            active: None,
            wal_status: None,
            confirmed_flush_lsn: None,
            lag_bytes: None,
        };
        SubscriptionStatus {
            name: "s".to_owned(),
            oid: 16390,
            upstream: hosts.first().map(|&host| host.to_owned()),
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
            database: None,
            publications: Vec::new(),
            enabled: true,
            active: true,
            received_lsn: None,
            tables: Vec::new(),
            apply_errors: None,
            sync_errors: None,
            slot: Some(slot),
            trouble: None,
            trouble_at: None,
        }
    }

    #[test]
    fn a_slot_is_missing_only_if_none_of_the_hosts_has_it() {
        let slot = |is_active| Slot {
            name: "s".to_owned(),
            kind: SlotKind::Logical,
            is_active,
            active_pid: None,
            wal_status: None,
            confirmed_flush_lsn: None,
            retained_bytes: None,
            unconfirmed_bytes: None,
            invalidation_reason: None,
            is_synced: None,
            is_temporary: false,
        };
        let (idle, used) = ([slot(false)], [slot(true)]);
        let seen = |hosts: &[&str]| {
            let mut status = status(hosts);
            status.find_slot(|host| match host {
                "without" => Some(&[]),
                "idle" => Some(&idle),
                "used" => Some(&used),
                _ => None,
            });
            (status.slot.expect("its slot").exists, status.upstream)
        };
        let at = |host: &str| Some(host.to_owned());
        assert_eq!(seen(&["without", "idle"]), (Some(true), at("idle")));
        assert_eq!(seen(&["idle", "used"]), (Some(true), at("used")));
        assert_eq!(seen(&["without"]), (Some(false), at("without")));
        // It may be where nobody was asked.
        assert_eq!(seen(&["without", "proxy"]), (None, at("without")));
        assert_eq!(seen(&[]), (None, None));
    }
}
