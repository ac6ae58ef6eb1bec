//! The lab in the making: one task a node, and who waits for whom.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Network};
use crate::event::Phase;
use crate::image::Found;
use crate::lab::clock::Clock;
use crate::lab::discover::{AddressBook, HbaFile};
use crate::lab::error::LabError;
use crate::lab::node::{self, Starting};
use crate::lab::service::Started;
use crate::lab::subnet::Subnet;
use crate::lab::tls::{Authority, Identity};
use crate::lab::{Lab, archive, backup, claim, template};
use crate::name::NodeName;
use crate::plan::{Plan, PlannedNode, Role};
use crate::server::client::Reader;
use crate::verify::{self, Verdict};

use super::{Options, mark_ready};

/// How many containers are started at once. More only wait for each other inside the engine.
const STARTS_AT_ONCE: usize = 3;

/// A lab in the making. Cheap to clone: every task has one.
#[derive(Clone)]
pub(super) struct Build {
    pub(super) engine: Engine,
    pub(super) plan: Arc<Plan>,
    pub(super) images: Arc<BTreeMap<String, Found>>,
    /// Where the scenario wants TLS.
    authority: Option<Arc<Authority>>,
    pub(super) within: Duration,
    verify: bool,
    /// See [`Options`].
    for_this_process: bool,
    pub(super) clock: Clock,
    /// Cancelled by the user, or by the first task that fails.
    pub(super) stop: CancellationToken,
    /// Cancelled by the user alone.
    cancel: CancellationToken,
}

/// A node whose server takes connections.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) client: Arc<Reader>,
    pub(super) hba: Arc<HbaFile>,
}

/// Where the nodes' tasks wait for each other.
pub(super) struct Meeting {
    pub(super) book: AddressBook,
    /// Each node's server, once it is up.
    pub(super) live: BTreeMap<NodeName, watch::Sender<Option<Live>>>,
    /// Who may take a base backup, by upstream.
    pub(super) turns: BTreeMap<NodeName, Semaphore>,
    /// Who may start a container.
    pub(super) starts: Semaphore,
    /// How many primaries' containers run.
    primaries: watch::Sender<usize>,
}

impl Meeting {
    fn new(plan: &Plan, gateway: Ipv4Addr) -> Self {
        let nodes = || plan.nodes.iter();
        Self {
            book: AddressBook::new(gateway),
            live: nodes()
                .map(|node| (node.name.clone(), watch::channel(None).0))
                .collect(),
            turns: nodes()
                .map(|node| (node.name.clone(), Semaphore::new(node.backups_at_once)))
                .collect(),
            starts: Semaphore::new(STARTS_AT_ONCE),
            primaries: watch::channel(0).0,
        }
    }

    fn all_live(&self) -> impl Iterator<Item = (NodeName, Live)> {
        self.live
            .iter()
            .filter_map(|(name, live)| Some((name.clone(), live.borrow().clone()?)))
    }
}

impl Build {
    pub(super) fn new(
        engine: &Engine,
        plan: Plan,
        images: BTreeMap<String, Found>,
        authority: Option<Authority>,
        options: &Options,
        clock: Clock,
        cancel: &CancellationToken,
    ) -> Self {
        Self {
            engine: engine.clone(),
            plan: Arc::new(plan),
            images: Arc::new(images),
            authority: authority.map(Arc::new),
            within: options.within,
            verify: options.verify,
            for_this_process: options.for_this_process,
            clock,
            stop: cancel.child_token(),
            cancel: cancel.clone(),
        }
    }

    pub(super) async fn run(&self) -> Result<(Lab, Option<Verdict>), LabError> {
        self.go_on()?;
        let (network, subnet) = self.clock.time(Phase::Network, self.network()).await?;
        let (live, services) = self.nodes(&network, subnet).await?;
        self.go_on()?;
        let lab = Lab::find(self.engine.clone(), &self.plan.lab).await?;
        let lab = Lab {
            plan: (*self.plan).clone(),
            ..lab
        };
        let proof = async {
            if !self.verify {
                return Ok(None);
            }
            let proof = verify::verify(&lab, live, self.within, &self.cancel);
            Ok(Some(self.clock.time(Phase::Verify, proof).await?))
        };
        // A service takes its time to start, and the nodes do not wait for it. Both to their ends: a proof that is
        // given up may leave a node frozen.
        let proof = async {
            let verdict: Result<_, LabError> = proof.await;
            if verdict.is_err() {
                self.stop.cancel();
            }
            verdict
        };
        let (verdict, answered) = tokio::join!(proof, self.answering(&services));
        let verdict = verdict?;
        answered?;
        mark_ready(&self.engine, &self.plan, self.for_this_process).await?;
        Ok((lab, verdict))
    }

    /// What a node proves itself with, where the scenario wants TLS.
    pub(super) fn identity(&self, node: &NodeName) -> Result<Option<Identity>, LabError> {
        let user = &self.plan.replication_user.name;
        let identity = self.authority.as_ref().map(|own| own.identity(node, user));
        Ok(identity.transpose()?)
    }

    /// Between two steps: whether anybody wants us to stop.
    pub(super) fn go_on(&self) -> Result<(), LabError> {
        if self.stop.is_cancelled() {
            Err(LabError::Interrupted)
        } else {
            Ok(())
        }
    }

    async fn network(&self) -> Result<(Network, Subnet), LabError> {
        let primaries: BTreeMap<&str, &Found> = self
            .plan
            .primaries()
            .map(|node| self.image(node))
            .map(|found| (found.image.id.as_str(), found))
            .collect();
        let hosts = self.plan.nodes.len() + self.plan.services.len();
        // Both to their ends, whichever fails: a call that is given up may still make something.
        let (network, prepared) =
            tokio::join!(claim::network(&self.engine, &self.plan.lab, hosts), async {
                for found in primaries.values() {
                    template::prepare(&self.engine, &self.plan.lab, found).await?;
                }
                if let Some(found) = primaries.values().next() {
                    archive::prepare(&self.engine, &self.plan.lab, &self.plan, found).await?;
                }
                backup::prepare(&self.engine, &self.plan, &self.images).await
            });
        prepared?;
        network
    }

    fn image(&self, node: &PlannedNode) -> &Found {
        &self.images[&node.postgres.to_string()]
    }

    /// Brings every node up, each in a task of its own, and returns their connections, and the services that were
    /// started.
    async fn nodes(
        &self,
        network: &Network,
        subnet: Subnet,
    ) -> Result<(BTreeMap<NodeName, Arc<Reader>>, Vec<Started>), LabError> {
        let gateway = network.gateway.ok_or_else(|| LabError::HalfMade {
            lab: self.plan.lab.clone(),
            missing: "its network has no gateway".to_owned(),
        })?;
        let meeting = Arc::new(Meeting::new(&self.plan, gateway));
        let standbys = self.plan.standbys().filter(|(node, _)| !node.later);
        let (primaries, standbys) = (self.plan.primaries().count(), standbys.count());
        let restored = self.plan.primaries();
        let restored = restored.filter(|node| node.restored_from.is_some()).count();
        for phase in [Phase::Initialise, Phase::Roles, Phase::Populate] {
            self.clock.expect(phase, primaries - restored);
        }
        self.clock.expect(Phase::Primary, primaries);
        self.clock.expect(Phase::BaseBackup, standbys + restored);
        self.clock.expect(Phase::Stream, standbys);
        let containers = self.plan.nodes.len() + self.plan.services.len();
        self.clock.expect(Phase::Containers, containers);
        let mut tasks = JoinSet::new();
        for (index, planned) in self.plan.nodes.iter().enumerate() {
            let (build, planned, meeting) = (self.clone(), planned.clone(), Arc::clone(&meeting));
            let address = subnet.node(index);
            tasks.spawn(async move {
                let container = build.container(&planned, address, &meeting);
                let starting = build.clock.time(Phase::Containers, container).await?;
                match &planned.role {
                    _ if planned.later => build.later(starting, &planned, &meeting).await?,
                    Role::Primary => build.primary(starting, &planned, &meeting).await?,
                    Role::Standby(standby) => {
                        build.standby(starting, &planned, standby, &meeting).await?;
                    }
                }
                Ok(None)
            });
        }
        for (index, planned) in self.plan.services.iter().enumerate() {
            let (build, planned, meeting) = (self.clone(), planned.clone(), Arc::clone(&meeting));
            let address = subnet.node(self.plan.nodes.len() + index);
            tasks.spawn(async move {
                let started = build.service(&planned, address, &meeting);
                build.clock.time(Phase::Containers, started).await.map(Some)
            });
        }
        let services = self.all(tasks).await?.into_iter().flatten().collect();
        // Who was up early let in those alone that had an address then.
        let late = meeting.all_live().map(|(_, live)| {
            let book = &meeting.book;
            async move { live.hba.catch_up(&live.client, book, &self.stop).await }
        });
        try_join_all(late).await?;
        let live = meeting.all_live();
        Ok((
            live.map(|(name, live)| (name, live.client)).collect(),
            services,
        ))
    }

    /// Waits until a node that another replicates from is up.
    pub(super) async fn upstream(
        &self,
        name: &NodeName,
        meeting: &Meeting,
    ) -> Result<Live, LabError> {
        let mut upstream = meeting.live[name].subscribe();
        tokio::select! {
            () = self.stop.cancelled() => Err(LabError::Interrupted),
            ready = upstream.wait_for(Option::is_some) => {
                ready.ok().and_then(|live| live.clone()).ok_or(LabError::Interrupted)
            }
        }
    }

    /// Waits until every primary's container runs.
    pub(super) async fn primaries_first(&self, meeting: &Meeting) -> Result<(), LabError> {
        let count = self.plan.primaries().count();
        let mut primaries = meeting.primaries.subscribe();
        tokio::select! {
            () = self.stop.cancelled() => Err(LabError::Interrupted),
            _ = primaries.wait_for(|started| *started == count) => Ok(()),
        }
    }

    /// Starts a node's container. Standbys' start after the primaries', while the primaries' servers come up.
    async fn container(
        &self,
        planned: &PlannedNode,
        address: Option<Ipv4Addr>,
        meeting: &Meeting,
    ) -> Result<Starting, LabError> {
        let is_primary = planned.role == Role::Primary;
        if !is_primary {
            self.primaries_first(meeting).await?;
        }
        let _turn = meeting.starts.acquire().await;
        self.go_on()?;
        let found = self.image(planned);
        let starting = node::start(
            &self.engine,
            &self.plan,
            planned,
            found,
            address,
            &self.clock,
        )
        .await?;
        meeting.book.found(planned.name.clone(), starting.address);
        if is_primary {
            meeting.primaries.send_modify(|started| *started += 1);
        }
        Ok(starting)
    }

    /// Waits for every task. The first failure stops the others, which end at their next wait; none is aborted, for
    /// one that is being made would be left behind.
    async fn all<T: 'static>(
        &self,
        mut tasks: JoinSet<Result<T, LabError>>,
    ) -> Result<Vec<T>, LabError> {
        let mut done = Vec::new();
        let mut failed: Option<LabError> = None;
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.unwrap_or_else(|panic| Err(LabError::Task(panic.to_string())));
            match ended {
                Ok(value) => done.push(value),
                Err(error) => {
                    self.stop.cancel();
                    // What stopped because something else failed is not the reason.
                    if failed.as_ref().is_none_or(LabError::is_interrupt) {
                        failed = Some(error);
                    }
                }
            }
        }
        failed.map_or(Ok(done), Err)
    }
}
