//! The lab in the making: one task a node, and who waits for whom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::cluster::clock::Clock;
use crate::cluster::console::Stage;
use crate::cluster::error::ClusterError;
use crate::cluster::node::{self, Starting};
use crate::cluster::subnet::Subnet;
use crate::cluster::{
    Cluster, backup, claim, discover, frame, replicate, roles, settings, template,
};
use crate::dataset::{self, Dataset};
use crate::engine::{Engine, Network};
use crate::event::{Event, Phase};
use crate::image::Found;
use crate::name::NodeName;
use crate::plan::{Plan, PlannedNode, Role, Standby};
use crate::postgres::MAINTENANCE_DATABASE;
use crate::verify::{self, Verdict};

use super::{Options, mark_ready};

/// How many containers are started at once. More only wait for each other inside the engine.
const STARTS_AT_ONCE: usize = 3;

/// A lab in the making. Cheap to clone: every task has one.
pub(super) struct Build<E> {
    engine: E,
    pub(super) plan: Arc<Plan>,
    datasets: Arc<Vec<Dataset>>,
    images: Arc<BTreeMap<String, Found>>,
    within: Duration,
    verify: bool,
    pub(super) clock: Clock,
    /// Cancelled by the user, or by the first task that fails.
    stop: CancellationToken,
    /// Cancelled by the user alone.
    cancel: CancellationToken,
}

impl<E: Clone> Clone for Build<E> {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            plan: Arc::clone(&self.plan),
            datasets: Arc::clone(&self.datasets),
            images: Arc::clone(&self.images),
            within: self.within,
            verify: self.verify,
            clock: self.clock.clone(),
            stop: self.stop.clone(),
            cancel: self.cancel.clone(),
        }
    }
}

/// A node whose server takes connections.
#[derive(Clone)]
struct Live {
    client: Arc<Client>,
    port: u16,
}

impl<E: Engine> Build<E> {
    pub(super) fn new(
        engine: &E,
        plan: Plan,
        datasets: Vec<Dataset>,
        images: BTreeMap<String, Found>,
        options: &Options,
        clock: Clock,
        cancel: &CancellationToken,
    ) -> Self {
        Self {
            engine: engine.clone(),
            plan: Arc::new(plan),
            datasets: Arc::new(datasets),
            images: Arc::new(images),
            within: options.within,
            verify: options.verify,
            clock,
            stop: cancel.child_token(),
            cancel: cancel.clone(),
        }
    }

    pub(super) async fn run(&self) -> Result<(Cluster<E>, Option<Verdict>), ClusterError> {
        self.go_on()?;
        let network = self.clock.time(Phase::Network, self.network()).await?;
        let (primaries, standbys) = self.containers(&network).await?;
        let live = self.stream(primaries, standbys).await?;
        self.go_on()?;
        let cluster = Cluster::find(self.engine.clone(), &self.plan.lab).await?;
        let cluster = Cluster {
            plan: (*self.plan).clone(),
            ..cluster
        };
        let verdict = if self.verify {
            let clients = live
                .into_iter()
                .map(|(name, live)| (name, live.client))
                .collect();
            let proof = verify::verify(&cluster, clients, self.within, &self.cancel);
            Some(self.clock.time(Phase::Verify, proof).await?)
        } else {
            None
        };
        mark_ready(&self.engine, &self.plan).await?;
        Ok((cluster, verdict))
    }

    /// Between two steps: whether anybody wants us to stop.
    fn go_on(&self) -> Result<(), ClusterError> {
        if self.stop.is_cancelled() {
            Err(ClusterError::Interrupted)
        } else {
            Ok(())
        }
    }

    async fn network(&self) -> Result<(Network, Subnet), ClusterError> {
        let primaries: BTreeMap<&str, &Found> = self
            .plan
            .primaries()
            .map(|node| self.image(node))
            .map(|found| (found.image.id.as_str(), found))
            .collect();
        // Both to their ends, whichever fails: a call that is given up may still make something.
        let (network, prepared) = tokio::join!(
            claim::network(&self.engine, &self.plan.lab, self.plan.nodes.len()),
            async {
                for found in primaries.values() {
                    template::prepare(&self.engine, &self.plan.lab, found).await?;
                }
                backup::prepare(&self.engine, &self.plan, &self.images).await
            }
        );
        prepared?;
        network
    }

    fn image(&self, node: &PlannedNode) -> &Found {
        &self.images[&node.postgres.to_string()]
    }

    /// Starts every container, and every primary up to its last row of data. Standbys start after the primaries'
    /// containers, while the primaries' servers come up.
    async fn containers(
        &self,
        network: &(Network, Subnet),
    ) -> Result<(Vec<(NodeName, Live)>, Vec<Starting<E>>), ClusterError> {
        let (primary_started, _) = watch::channel(0);
        let starts = Arc::new(Semaphore::new(STARTS_AT_ONCE));
        let count = self.plan.primaries().count();
        let mut parts = self.clock.expect(Phase::Containers, self.plan.nodes.len());
        let mut tasks = JoinSet::new();
        for (index, planned) in self.plan.nodes.iter().enumerate() {
            let (build, planned, network) = (self.clone(), planned.clone(), network.clone());
            let (started, starts) = (primary_started.clone(), Arc::clone(&starts));
            let part = parts.pop();
            tasks.spawn(async move {
                let is_primary = planned.role == Role::Primary;
                if !is_primary {
                    let mut started = started.subscribe();
                    tokio::select! {
                        () = build.stop.cancelled() => return Err(ClusterError::Interrupted),
                        _ = started.wait_for(|started| *started == count) => {}
                    }
                }
                let turn = starts.acquire().await;
                build.go_on()?;
                let address = network.1.node(index);
                let found = build.image(&planned);
                let starting = node::start(
                    &build.engine,
                    &build.plan,
                    &planned,
                    found,
                    address,
                    &build.clock,
                )
                .await?;
                drop(turn);
                if let Some(part) = part {
                    part.done();
                }
                if !is_primary {
                    return Ok(Made::Standby(starting));
                }
                started.send_modify(|started| *started += 1);
                Ok(Made::Primary(
                    planned.name.clone(),
                    build.primary(starting, &planned, &network.0).await?,
                ))
            });
        }
        let (mut primaries, mut standbys) = (Vec::new(), Vec::new());
        for made in self.all(tasks).await? {
            match made {
                Made::Primary(name, live) => primaries.push((name, live)),
                Made::Standby(starting) => standbys.push(starting),
            }
        }
        Ok((primaries, standbys))
    }

    /// A primary from its container to its data.
    async fn primary(
        &self,
        mut starting: Starting<E>,
        planned: &PlannedNode,
        network: &Network,
    ) -> Result<Live, ClusterError> {
        let gateway = network.gateway.ok_or_else(|| ClusterError::HalfMade {
            lab: self.plan.lab.clone(),
            missing: "its network has no gateway".to_owned(),
        })?;
        let files = frame::of_node(&self.plan, planned, &frame::host_alone(gateway));
        let act = format!("initialising the data directory of `{}`", planned.name);
        self.clock
            .time(Phase::Initialise, async {
                starting.configure(&files).await?;
                starting.reached(Stage::Initialised, &act, &self.stop).await
            })
            .await?;
        let client = self
            .clock
            .time(
                Phase::Primary,
                starting.connect(MAINTENANCE_DATABASE, self.within, &self.stop),
            )
            .await?;
        let client = self
            .clock
            .time(Phase::Roles, async {
                settings::check(&client, planned).await?;
                roles::create(&client, &self.plan, planned).await?;
                roles::create_slots(&client, planned).await?;
                let client = starting
                    .connect(self.plan.database.as_str(), self.within, &self.stop)
                    .await?;
                roles::set_up(&client, planned).await?;
                Ok::<_, ClusterError>(client)
            })
            .await?;
        self.clock.report(&Event::Node(
            planned.name.clone(),
            "accepts connections".to_owned(),
        ));
        self.clock
            .time(Phase::Populate, self.populate(&client, planned))
            .await?;
        Ok(Live {
            client: Arc::new(client),
            port: starting.port,
        })
    }

    async fn populate(&self, client: &Client, planned: &PlannedNode) -> Result<(), ClusterError> {
        for dataset in self.datasets.iter() {
            let loaded = tokio::select! {
                () = self.stop.cancelled() => return Err(ClusterError::Interrupted),
                loaded = dataset::load(client, dataset) => loaded?,
            };
            let rows: u64 = loaded.tables.iter().map(|(_, rows)| rows).sum();
            let tables = loaded.tables.len();
            let said = format!(
                "dataset {} loaded: {tables} tables, {rows} rows",
                dataset.name
            );
            self.clock.report(&Event::Node(planned.name.clone(), said));
        }
        Ok(())
    }

    /// Tells the primaries who may connect, then takes every standby from its files to streaming.
    async fn stream(
        &self,
        primaries: Vec<(NodeName, Live)>,
        standbys: Vec<Starting<E>>,
    ) -> Result<BTreeMap<NodeName, Live>, ClusterError> {
        let addresses = Arc::new(discover::addresses(&self.engine, &self.plan).await?);
        for (name, live) in &primaries {
            if let Some(planned) = self.plan.node(name) {
                discover::write_hba(&live.client, live.port, planned, &addresses, &self.stop)
                    .await?;
            }
        }
        let live: BTreeMap<NodeName, watch::Sender<Option<Live>>> = self
            .plan
            .nodes
            .iter()
            .map(|node| (node.name.clone(), watch::channel(None).0))
            .collect();
        for (name, node) in primaries {
            live[&name].send_replace(Some(node));
        }
        let live = Arc::new(live);
        let turns: Arc<BTreeMap<NodeName, Semaphore>> = Arc::new(
            self.plan
                .nodes
                .iter()
                .map(|node| (node.name.clone(), Semaphore::new(node.backups_at_once)))
                .collect(),
        );
        let mut tasks = JoinSet::new();
        for starting in standbys {
            let (build, live, turns) = (self.clone(), Arc::clone(&live), Arc::clone(&turns));
            let addresses = Arc::clone(&addresses);
            tasks.spawn(async move { build.standby(starting, &live, &turns, &addresses).await });
        }
        self.all(tasks).await?;
        Ok(live
            .iter()
            .filter_map(|(name, node)| Some((name.clone(), node.borrow().clone()?)))
            .collect())
    }

    async fn standby(
        &self,
        mut starting: Starting<E>,
        live: &BTreeMap<NodeName, watch::Sender<Option<Live>>>,
        turns: &BTreeMap<NodeName, Semaphore>,
        addresses: &crate::postgres::hba::Addresses,
    ) -> Result<(), ClusterError> {
        let name = starting.name.clone();
        let Some((planned, standby)) = self.plan.standbys().find(|(node, _)| node.name == name)
        else {
            return Ok(());
        };
        let upstream = self.wait_for_upstream(standby, live).await?;
        let turn = turns[&standby.upstream].acquire().await;
        let act = format!(
            "taking a base backup of `{}` for `{name}`",
            standby.upstream
        );
        self.clock
            .time(Phase::BaseBackup, async {
                starting
                    .configure(&frame::of_node(&self.plan, planned, addresses))
                    .await?;
                starting.reached(Stage::BackedUp, &act, &self.stop).await
            })
            .await?;
        drop(turn);
        self.clock.report(&Event::Node(
            name.clone(),
            format!("base backup of {} taken", standby.upstream),
        ));
        self.clock
            .time(Phase::Stream, async {
                if standby.hot {
                    let client = starting
                        .connect(self.plan.database.as_str(), self.within, &self.stop)
                        .await?;
                    settings::check(&client, planned).await?;
                    roles::create_slots(&client, planned).await?;
                    live[&name].send_replace(Some(Live {
                        client: Arc::new(client),
                        port: starting.port,
                    }));
                }
                let tail = || starting.tail();
                replicate::streaming(
                    &upstream.client,
                    &name,
                    standby,
                    self.within,
                    &self.stop,
                    tail,
                )
                .await
            })
            .await?;
        self.clock.report(&Event::Node(
            name,
            format!("streams from {}", standby.upstream),
        ));
        Ok(())
    }

    async fn wait_for_upstream(
        &self,
        standby: &Standby,
        live: &BTreeMap<NodeName, watch::Sender<Option<Live>>>,
    ) -> Result<Live, ClusterError> {
        let mut upstream = live[&standby.upstream].subscribe();
        tokio::select! {
            () = self.stop.cancelled() => Err(ClusterError::Interrupted),
            ready = upstream.wait_for(Option::is_some) => {
                ready.ok().and_then(|live| live.clone()).ok_or(ClusterError::Interrupted)
            }
        }
    }

    /// Waits for every task. The first failure stops the others, which end at their next wait; none is aborted, for
    /// one that is being made would be left behind.
    async fn all<T: 'static>(
        &self,
        mut tasks: JoinSet<Result<T, ClusterError>>,
    ) -> Result<Vec<T>, ClusterError> {
        let mut done = Vec::new();
        let mut failed: Option<ClusterError> = None;
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.unwrap_or_else(|panic| Err(ClusterError::Task(panic.to_string())));
            match ended {
                Ok(value) => done.push(value),
                Err(error) => {
                    self.stop.cancel();
                    // What stopped because something else failed is not the reason.
                    if failed.as_ref().is_none_or(ClusterError::is_interrupt) {
                        failed = Some(error);
                    }
                }
            }
        }
        failed.map_or(Ok(done), Err)
    }
}

/// What a task of [`Build::containers`] made.
enum Made<E> {
    Primary(NodeName, Live),
    Standby(Starting<E>),
}
