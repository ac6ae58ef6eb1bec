//! The addresses that a lab got, and the `pg_hba.conf` that follows from them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::name::NodeName;
use crate::plan::{Plan, PlannedNode};
use crate::server::client::{Doing as _, SqlError, literal};
use crate::server::command::PGDATA;
use crate::server::hba::{self, Addresses};
use crate::wait::{Probe, wait_for};

use super::error::{LabError, Late};
use super::{HOST, client};

/// The addresses found so far: of each node and each service from the start of its container on.
#[derive(Debug)]
pub(super) struct AddressBook {
    gateway: Ipv4Addr,
    nodes: watch::Sender<BTreeMap<NodeName, Ipv4Addr>>,
}

impl AddressBook {
    /// A book that knows the host alone.
    pub(super) fn new(gateway: Ipv4Addr) -> Self {
        Self {
            gateway,
            nodes: watch::channel(BTreeMap::new()).0,
        }
    }

    /// Writes down where a node or a service was found.
    pub(super) fn found(&self, node: NodeName, address: Ipv4Addr) {
        self.nodes
            .send_modify(|nodes| _ = nodes.insert(node, address));
    }

    /// What is known now.
    pub(super) fn now(&self) -> Addresses {
        Addresses {
            gateway: self.gateway,
            nodes: self.nodes.borrow().clone(),
        }
    }

    /// Waits until all nodes and services of a plan are found.
    pub(super) async fn all_of(&self, plan: &Plan) {
        let mut known = self.nodes.subscribe();
        let complete = |known: &BTreeMap<NodeName, _>| {
            plan.nodes.iter().all(|node| known.contains_key(&node.name))
                && plan
                    .services
                    .iter()
                    .all(|service| known.contains_key(&service.name.host()))
        };
        // It fails when the book is gone, and we hold it.
        _ = known.wait_for(complete).await;
    }
}

/// A running node's `pg_hba.conf`, and whom it lets in.
#[derive(Debug)]
pub(super) struct HbaFile {
    node: PlannedNode,
    port: u16,
    written: Mutex<Addresses>,
}

impl HbaFile {
    /// The file of a server that was started with it.
    pub(super) fn new(node: &PlannedNode, port: u16, written: Addresses) -> Self {
        Self {
            node: node.clone(),
            port,
            written: Mutex::new(written),
        }
    }

    /// Sees to it that the file lets in everybody it is to let in whom the book knows now. What several ask for at
    /// once is written once.
    ///
    /// # Errors
    /// The server's words, or that it did not read the file in time.
    pub(super) async fn catch_up(
        &self,
        client: &Client,
        book: &AddressBook,
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let wanted = book.now();
        let mut written = self.written.lock().await;
        let lacks = |name: &NodeName| !written.nodes.contains_key(name);
        if !hba::peers(&self.node.hba).any(|name| wanted.nodes.contains_key(name) && lacks(name)) {
            return Ok(());
        }
        let addresses = book.now();
        write(client, self.port, &self.node, &addresses, cancel).await?;
        *written = addresses;
        Ok(())
    }
}

/// Writes a node's `pg_hba.conf` and has the server read it.
///
/// The server writes the file itself, which needs no program in the container and works on a standby too. Returns when
/// a *new* connection has read it: the postmaster reads the file some time after it was told to, and hands what it
/// read to the connections that it accepts from then on.
///
/// # Errors
/// The server's words, or that it did not read the file in time.
async fn write(
    client: &Client,
    port: u16,
    node: &PlannedNode,
    addresses: &Addresses,
    cancel: &CancellationToken,
) -> Result<(), LabError> {
    let act = || format!("writing pg_hba.conf on `{}`", node.name);
    let text = hba::render(&node.name, &node.hba, addresses);
    let lines: Vec<String> = text.lines().map(literal).collect();
    let path = literal(&format!("{PGDATA}/pg_hba.conf"));
    let copy = format!("COPY (SELECT unnest(ARRAY[{}])) TO {path}", lines.join(","));
    client.batch_execute(&copy).await.doing(act)?;
    let reload = "SELECT clock_timestamp()::text, pg_reload_conf()";
    let told: String = client.query_one(reload, &[]).await.doing(act)?.get(0);
    let read = wait_for(Duration::from_secs(10), cancel, || async {
        let fresh = client::connect(HOST, port, crate::server::MAINTENANCE_DATABASE).await;
        let fresh = fresh.map_err(|source| SqlError { act: act(), source })?;
        let loaded = "SELECT pg_conf_load_time() >= $1::text::timestamptz";
        let loaded: bool = fresh.query_one(loaded, &[&told]).await.doing(act)?.get(0);
        Ok::<_, SqlError>(if loaded {
            Probe::Ready(())
        } else {
            Probe::NotYet("the server has not read it yet".to_owned())
        })
    });
    read.await.map_err(|error| match error {
        crate::wait::WaitError::Interrupted => LabError::Interrupted,
        crate::wait::WaitError::Failed(error) => error.into(),
        error @ crate::wait::WaitError::Limit { .. } => LabError::Late {
            act: act(),
            seen: Late(error.to_string()),
            log: Vec::new(),
        },
    })
}
