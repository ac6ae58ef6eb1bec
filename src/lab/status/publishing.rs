//! The publications and subscriptions that a node has now, whoever made them, and how they are doing.

use serde::Serialize;

use crate::server::client::Reader;
use crate::server::lsn::Lsn;
use crate::server::publications;
use crate::server::server_error::ServerError;
use crate::server::slots::{Slot, WalStatus};
use crate::server::subscriptions::{self, SubscribedTable};

/// A publication as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicationStatus {
    /// Its name.
    pub name: String,
    /// Its tables, those of its schemas included: `public.products`.
    pub tables: Vec<String>,
    /// The kinds of changes that it publishes.
    pub publish: Vec<String>,
}

/// A subscription as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionStatus {
    /// Its name.
    pub name: String,
    /// The host that it connects to: a node's name.
    pub upstream: Option<String>,
    /// The publications.
    pub publications: Vec<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether a worker applies its changes now.
    pub active: bool,
    /// The log that it has received.
    pub received_lsn: Option<Lsn>,
    /// Its tables.
    pub tables: Vec<TableStatus>,
    /// How often applying a change has failed. Absent before PostgreSQL 15.
    pub apply_errors: Option<i64>,
    /// How often copying a table has failed. Absent before PostgreSQL 15.
    pub sync_errors: Option<i64>,
    /// Its slot on the upstream.
    pub slot: Option<LogicalSlot>,
    /// Why it does not get on, where it does not: what its node's log says, and what to do.
    pub trouble: Option<String>,
}

/// One table of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStatus {
    /// Its name.
    pub name: String,
    /// `srsubstate`: `i`, `d`, `f`, `s` or `r`.
    pub state: String,
    /// What that means: `being copied`, `ready`.
    pub meaning: String,
}

/// A subscription's slot on its upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogicalSlot {
    /// Its name.
    pub name: String,
    /// Whether somebody reads from it; absent when the slot is.
    pub active: Option<bool>,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<WalStatus>,
    /// How far the subscriber has confirmed.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// How many bytes of the upstream's log it has not confirmed.
    pub lag_bytes: Option<i64>,
}

impl SubscriptionStatus {
    /// Whether it is enabled, applied, and has all its tables.
    pub(super) fn is_healthy(&self) -> bool {
        self.enabled && self.active && self.tables.iter().all(|table| table.state == "r")
    }
}

/// What a node publishes and subscribes to.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    pub(super) publications: Vec<PublicationStatus>,
    pub(super) subscriptions: Vec<SubscriptionStatus>,
}

/// Reads it in the database that `reader` is connected to, without what the upstreams say of the slots.
pub(super) async fn read(reader: &Reader) -> Result<Publishing, ServerError> {
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
        let slot = found.slot.map(|name| LogicalSlot {
            name,
            active: None,
            wal_status: None,
            confirmed_flush_lsn: None,
            lag_bytes: None,
        });
        Self {
            name: found.name,
            upstream: found.host,
            publications: found.publications,
            enabled: found.is_enabled,
            active: found.is_applied,
            received_lsn: found.received_lsn,
            tables: found.tables.into_iter().map(table).collect(),
            apply_errors: found.apply_errors,
            sync_errors: found.sync_errors,
            slot,
            trouble: None,
        }
    }
}

impl LogicalSlot {
    /// Takes over what the upstream says of the slot.
    pub(super) fn fill(&mut self, found: &Slot) {
        self.active = Some(found.is_active);
        self.wal_status.clone_from(&found.wal_status);
        self.confirmed_flush_lsn = found.confirmed_flush_lsn;
        self.lag_bytes = found.unconfirmed_bytes;
    }
}
