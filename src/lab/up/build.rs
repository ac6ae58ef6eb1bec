//! The lab while it is being made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::event::Phase;
use crate::image::Found;
use crate::lab::addresses::{self, Places, Server};
use crate::lab::clock::Clock;
use crate::lab::error::LabError;
use crate::lab::labels::Claim;
use crate::lab::node::Starting;
use crate::lab::tls::Authority;
use crate::lab::verdict::{Connections, Proof, Verdict};
use crate::lab::{HOST, Lab, archive, backup, claim, frame, passfile, template};
use crate::name::{NodeName, Secret};
use crate::plan::{Plan, PlannedNode};
use crate::server::client::{Door, Reader};
use crate::server::hba::Addresses;

use super::{Options, mark_ready};

/// A lab while it is being made. It is cheap to clone, and every task has one.
#[derive(Clone)]
pub(super) struct Build {
    pub(super) engine: Engine,
    pub(super) plan: Arc<Plan>,
    pub(super) claim: Arc<Claim>,
    pub(super) images: Arc<BTreeMap<String, Found>>,
    /// The certificate authority, if the scenario asks for TLS.
    authority: Option<Arc<Authority>>,
    /// The superuser's password, if the scenario has the host asked for it.
    pub(super) password: Option<Arc<Secret>>,
    pub(super) within: Duration,
    proof: Option<Proof>,
    /// See [`Options::for_this_process`].
    for_this_process: bool,
    pub(super) clock: Clock,
    /// The user or the first task that fails cancels this.
    pub(super) stop: CancellationToken,
    /// Only the user cancels this.
    cancel: CancellationToken,
}

/// A node whose server takes connections.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) client: Arc<Reader>,
    pub(super) port: u16,
}

/// The points at which the nodes' tasks wait for each other.
pub(super) struct Meeting {
    pub(super) places: Places,
    /// Each node's server, once it is up.
    pub(super) live: BTreeMap<NodeName, watch::Sender<Option<Live>>>,
    /// The right to create a subscription whose publisher has subscriptions of its own.
    pub(super) subscribing: Mutex<()>,
    /// The permits for base backups, by upstream.
    pub(super) turns: BTreeMap<NodeName, Semaphore>,
}

impl Meeting {
    fn new(plan: &Plan, addresses: Addresses) -> Self {
        let nodes = || plan.nodes.iter();
        Self {
            places: Places::new(addresses),
            live: nodes()
                .map(|node| (node.name.clone(), watch::channel(None).0))
                .collect(),
            subscribing: Mutex::new(()),
            turns: nodes()
                .map(|node| (node.name.clone(), Semaphore::new(node.backups_at_once)))
                .collect(),
        }
    }
}

impl Build {
    pub(super) fn new(
        engine: &Engine,
        (plan, claim): (Plan, Claim),
        images: BTreeMap<String, Found>,
        (authority, password): (Option<Authority>, Option<Secret>),
        options: &Options,
        clock: Clock,
        cancel: &CancellationToken,
    ) -> Self {
        Self {
            engine: engine.clone(),
            plan: Arc::new(plan),
            claim: Arc::new(claim),
            images: Arc::new(images),
            authority: authority.map(Arc::new),
            password: password.map(Arc::new),
            within: options.within,
            proof: options.proof,
            for_this_process: options.for_this_process,
            clock,
            stop: cancel.child_token(),
            cancel: cancel.clone(),
        }
    }

    pub(super) async fn run(&self) -> Result<(Lab, Option<Verdict>), LabError> {
        self.go_on()?;
        if let Some(password) = &self.password {
            let engine = self.engine.info().await?.id;
            passfile::write(&self.plan, &self.claim, &engine, password)?;
        }
        let addresses = self.clock.time(Phase::Network, self.network()).await?;
        let meeting = Arc::new(Meeting::new(&self.plan, addresses));
        let services = self.nodes(&meeting).await?;
        let live = self.complete(&meeting).await?;
        self.go_on()?;
        let lab = Lab::find(self.engine.clone(), &self.plan.lab).await?;
        let lab = Lab {
            plan: (*self.plan).clone(),
            ..lab
        };
        // A service starts slowly, and the nodes do not wait for it.
        let (verdict, answered) = tokio::join!(self.proof(&lab, live), self.answering(&services));
        let verdict = verdict?;
        answered?;
        mark_ready(&self.engine, &self.plan, &self.claim, self.for_this_process).await?;
        Ok((lab, verdict))
    }

    /// Proves that the lab works, if a proof was asked for. The proof runs to its end: one that is given up may leave a
    /// node frozen.
    async fn proof(&self, lab: &Lab, live: Connections) -> Result<Option<Verdict>, LabError> {
        let Some(proof) = self.proof else {
            return Ok(None);
        };
        let proving = proof(lab, live, self.within, &self.cancel);
        let verdict = self.clock.time(Phase::Verify, proving).await;
        if verdict.is_err() {
            self.stop.cancel();
        }
        Ok(Some(verdict?))
    }

    /// Fails between two steps if the user or a failed task wants us to stop.
    pub(super) fn go_on(&self) -> Result<(), LabError> {
        if self.stop.is_cancelled() {
            Err(LabError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Makes the network and the volumes that several nodes share, and assigns the addresses.
    async fn network(&self) -> Result<Addresses, LabError> {
        let mut templates: BTreeMap<&str, (&Found, BTreeSet<usize>)> = BTreeMap::new();
        let own = self.plan.primaries();
        for node in own.filter(|node| node.restored_from.is_none()) {
            let found = self.image(node);
            let of_image = templates.entry(found.image.id.as_str());
            let (_, numbers) = of_image.or_insert_with(|| (found, BTreeSet::new()));
            numbers.insert(template::number(&self.plan, &node.name));
        }
        let hosts = self.plan.nodes.len() + self.plan.services.len();
        // Both run to their ends even if one fails: an abandoned call may still create something.
        let (network, prepared) =
            tokio::join!(claim::network(&self.engine, &self.claim, hosts), async {
                for (found, numbers) in templates.values() {
                    template::prepare(&self.engine, &self.claim, found, numbers).await?;
                }
                if let Some((found, _)) = templates.values().next() {
                    archive::prepare(&self.engine, &self.claim, &self.plan, found).await?;
                }
                backup::prepare(&self.engine, &self.plan, &self.claim, &self.images).await
            });
        prepared?;
        addresses::assign(&self.plan, &network?)
    }

    pub(super) fn image(&self, node: &PlannedNode) -> &Found {
        &self.images[&node.postgres.to_string()]
    }

    /// Sends a node its files, which starts its server.
    pub(super) async fn configure(
        &self,
        starting: &mut Starting,
        planned: &PlannedNode,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        let user = &self.plan.replication_user.name;
        let identity = self.authority.as_ref();
        let identity = identity.map(|own| own.identity(&planned.name, user));
        let (identity, addresses) = (identity.transpose()?, meeting.places.now().await);
        let files = frame::of_node(
            &self.plan,
            planned,
            &starting.backup,
            &addresses,
            (identity, self.password.as_deref()),
        );
        starting.configure(&files).await
    }

    /// Waits until the upstream `name` is up and lets `downstream` in.
    pub(super) async fn upstream(
        &self,
        name: &NodeName,
        downstream: &NodeName,
        meeting: &Meeting,
    ) -> Result<Live, LabError> {
        let mut upstream = meeting.live[name].subscribe();
        let live = tokio::select! {
            () = self.stop.cancelled() => return Err(LabError::Interrupted),
            ready = upstream.wait_for(Option::is_some) => {
                ready.ok().and_then(|live| live.clone()).ok_or(LabError::Interrupted)?
            }
        };
        self.correct(name, &live, Some(downstream), meeting).await?;
        Ok(live)
    }

    /// Returns every node's connection once every `pg_hba.conf` names the addresses that the engine gave.
    async fn complete(&self, meeting: &Meeting) -> Result<Connections, LabError> {
        let live = meeting.live.iter();
        let live = live.filter_map(|(name, live)| Some((name, live.borrow().clone()?)));
        let live: BTreeMap<_, _> = live.collect();
        let each = live.iter();
        try_join_all(each.map(|(name, live)| self.correct(name, live, None, meeting))).await?;
        let clients = live.into_iter();
        Ok(clients
            .map(|(name, live)| (name.clone(), live.client))
            .collect())
    }

    /// Writes a node's `pg_hba.conf` again if `host` is not at the address that it asked for. `None` means any host in
    /// it.
    async fn correct(
        &self,
        name: &NodeName,
        live: &Live,
        host: Option<&NodeName>,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        let Some(node) = self.plan.node(name) else {
            return Ok(());
        };
        let server = Server {
            node,
            client: &live.client,
            door: Door {
                password: self.password.as_deref(),
                ..Door::trusted(HOST, live.port)
            },
        };
        meeting.places.correct(&server, host, &self.stop).await
    }
}
