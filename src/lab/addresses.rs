//! The addresses of a lab's nodes and services, and the `pg_hba.conf` that names them.
//!
//! Addresses are assigned before the first container starts, so that every `pg_hba.conf` is complete from the beginning.
//! The address of each started container is compared with the one that was asked for. If an engine chooses addresses
//! itself, its choice counts, and the files that name the address are written again.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::engine::Network;
use crate::name::NodeName;
use crate::plan::{Plan, PlannedNode};
use crate::server::client::{Doing as _, Door, Reader, SearchPath, SqlError};
use crate::server::hba::{self, Addresses};
use crate::server::{MAINTENANCE_DATABASE, hba_file, in_force};
use crate::wait::{Probe, WaitError, wait_for};

use super::error::{LabError, Late};
use super::subnet::Subnet;

/// The addresses that a lab asks for on its network: nodes in plan order, then services.
///
/// # Errors
/// [`LabError::HalfMade`] when the network has no subnet that we can read.
pub(super) fn assign(plan: &Plan, network: &Network) -> Result<Addresses, LabError> {
    let missing = |what: &str| LabError::HalfMade {
        lab: plan.lab.clone(),
        missing: format!("its network has no {what}"),
    };
    let gateway = network.gateway.ok_or_else(|| missing("gateway"))?;
    let subnet = network.subnet.as_deref().and_then(Subnet::parse);
    let subnet = subnet.ok_or_else(|| missing("subnet"))?;
    let nodes = plan.nodes.iter().map(|node| node.name.clone());
    let services = plan.services.iter().map(|service| service.name.host());
    let hosts = nodes.chain(services).enumerate();
    Ok(Addresses {
        gateway,
        nodes: hosts
            .filter_map(|(index, host)| Some((host, subnet.host(index)?)))
            .collect(),
    })
}

/// The addresses: those that were asked for, or those that the engine chose instead.
#[derive(Debug)]
pub(super) struct Places {
    asked: Addresses,
    /// This is locked while a file is written, so that no older content replaces a newer one.
    found: Mutex<Addresses>,
}

impl Places {
    /// The addresses that are asked for, before the engine has said anything.
    pub(super) fn new(asked: Addresses) -> Self {
        Self {
            found: Mutex::new(asked.clone()),
            asked,
        }
    }

    /// The address that a node or a service asks for.
    pub(super) fn asked(&self, host: &NodeName) -> Option<Ipv4Addr> {
        self.asked.nodes.get(host).copied()
    }

    /// Records a host's address from the engine. True if it is the one that was asked for.
    pub(super) async fn found(&self, host: &NodeName, address: Ipv4Addr) -> bool {
        let mut found = self.found.lock().await;
        found.nodes.insert(host.clone(), address);
        self.asked(host) == Some(address)
    }

    /// The addresses that are known now.
    pub(super) async fn now(&self) -> Addresses {
        self.found.lock().await.clone()
    }

    /// Writes the `pg_hba.conf` of a running server again if `host` moved. `None` means any host that the file names.
    ///
    /// # Errors
    /// The server's error, or [`LabError::Late`] when it did not read the file in time.
    pub(super) async fn correct(
        &self,
        server: &Server<'_>,
        host: Option<&NodeName>,
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let found = self.found.lock().await;
        let is_elsewhere = |name: &NodeName| found.nodes.get(name) != self.asked.nodes.get(name);
        let mut named = hba::peers(&server.node.hba);
        if !named.any(|name| host.is_none_or(|host| host == name) && is_elsewhere(name)) {
            return Ok(());
        }
        server.write_hba(&found, cancel).await
    }
}

/// A running server whose `pg_hba.conf` can be written.
#[derive(Debug)]
pub(super) struct Server<'a> {
    pub(super) node: &'a PlannedNode,
    pub(super) client: &'a Reader,
    pub(super) door: Door<'a>,
}

impl Server<'_> {
    /// Writes the file and reloads the server. Returns when a *new* connection has read it.
    async fn write_hba(
        &self,
        addresses: &Addresses,
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let act = || format!("writing pg_hba.conf on `{}`", self.node.name);
        let text = hba::render(&self.node.name, &self.node.hba, addresses);
        hba_file::write(self.client, &text).await.doing(act)?;
        let reload = in_force::reload(self.client).await.doing(act)?;
        let read = wait_for(Duration::from_secs(10), cancel, || async {
            let path = SearchPath::Catalog;
            let fresh = Reader::connect(self.door, MAINTENANCE_DATABASE, path).await;
            let fresh = fresh.doing(act)?;
            let loaded = in_force::has_loaded(&fresh, &reload).await.doing(act)?;
            Ok::<_, SqlError>(if loaded {
                Probe::Ready(())
            } else {
                Probe::NotYet("the server has not read it yet".to_owned())
            })
        });
        read.await.map_err(|error| match error {
            WaitError::Interrupted => LabError::Interrupted,
            WaitError::Failed(error) => error.into(),
            error @ WaitError::Limit { .. } => LabError::Late {
                act: act(),
                seen: Late(error.to_string()),
                log: Vec::new(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::Labels;
    use crate::scenario::load::{Overrides, Source, load};

    use super::*;

    fn plan() -> Plan {
        let text = "name: three\nnodes:\n  replica: { standby_of: primary }\n  primary: {}\nservices: { pgadmin: {} }\n";
        let source = Source::new("lab.yaml", text.as_bytes(), None).expect("text");
        let loaded = load(&source, &Overrides::default()).expect("a scenario");
        Plan::resolve(&loaded.scenario, &loaded.sql, None)
    }

    fn assigned(subnet: &str) -> Addresses {
        let network = Network {
            id: String::new(),
            name: String::new(),
            subnet: Some(subnet.to_owned()),
            gateway: Some(Ipv4Addr::new(10, 213, 0, 1)),
            labels: Labels::new(),
        };
        assign(&plan(), &network).expect("addresses")
    }

    fn name(text: &str) -> NodeName {
        NodeName::new(text).expect("a name")
    }

    #[test]
    fn nodes_have_addresses_in_the_order_of_the_plan_and_services_after_them() {
        let addresses = assigned("10.213.0.0/27");
        let at = |last| Ipv4Addr::new(10, 213, 0, last);
        assert_eq!(
            addresses.nodes,
            [
                (name("primary"), at(2)),
                (name("replica"), at(3)),
                (name("pgadmin"), at(4))
            ]
            .into()
        );
    }

    #[test]
    fn a_file_that_is_rendered_from_them_names_everybody() {
        let plan = plan();
        let primary = &plan.nodes[0];
        let text = hba::render(&primary.name, &primary.hba, &assigned("10.213.0.0/27"));
        for peer in hba::peers(&primary.hba) {
            assert!(text.contains(&format!("# {peer}")), "{text}");
        }
    }

    #[test]
    fn a_host_that_there_is_no_room_for_asks_for_no_address() {
        let places = Places::new(assigned("10.213.0.0/30"));
        assert!(places.asked(&name("primary")).is_some());
        assert_eq!(places.asked(&name("replica")), None);
    }

    #[tokio::test]
    async fn what_the_engine_says_is_believed_and_compared_with_what_was_asked() {
        let places = Places::new(assigned("10.213.0.0/27"));
        let (asked, other) = (Ipv4Addr::new(10, 213, 0, 2), Ipv4Addr::new(172, 18, 0, 9));
        assert!(places.found(&name("primary"), asked).await);
        assert!(!places.found(&name("replica"), other).await);
        let now = places.now().await;
        assert_eq!(now.nodes[&name("primary")], asked);
        assert_eq!(now.nodes[&name("replica")], other);
    }
}
