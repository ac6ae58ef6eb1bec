//! The addresses that a lab got, and the `pg_hba.conf` that follows from them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use crate::name::NodeName;
use crate::plan::{Plan, PlannedNode};
use crate::server::client::{Doing as _, Reader, SearchPath, SqlError};
use crate::server::hba::{self, Addresses};
use crate::server::{hba_file, in_force};
use crate::wait::{Probe, wait_for};

use super::HOST;
use super::error::{LabError, Late};

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
        client: &Reader,
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
/// Returns when a *new* connection has read it.
///
/// # Errors
/// The server's words, or that it did not read the file in time.
async fn write(
    client: &Reader,
    port: u16,
    node: &PlannedNode,
    addresses: &Addresses,
    cancel: &CancellationToken,
) -> Result<(), LabError> {
    let act = || format!("writing pg_hba.conf on `{}`", node.name);
    let text = hba::render(&node.name, &node.hba, addresses);
    hba_file::write(client, &text).await.doing(act)?;
    let reload = in_force::reload(client).await.doing(act)?;
    let read = wait_for(Duration::from_secs(10), cancel, || async {
        let database = crate::server::MAINTENANCE_DATABASE;
        let fresh = Reader::connect(HOST, port, database, SearchPath::Catalog).await;
        let fresh = fresh.doing(act)?;
        let loaded = in_force::has_loaded(&fresh, &reload).await.doing(act)?;
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
