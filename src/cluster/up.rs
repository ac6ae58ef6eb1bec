//! Bringing a lab up: who waits for whom.
//!
//! ```text
//! images ─ claim, network ─┬─ primary: container ─ data directory ─ server ─ roles, slots ─ data ─┬─ pg_hba.conf ─┐
//!                          └─ standbys: containers (they wait for their files) ───────────────────┘               │
//!   ┌─────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
//!   └─ each standby, after its upstream: files ─ base backup ─ server ─ streaming ─ verify
//! ```

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::dataset::{self, Dataset};
use crate::engine::{Engine, EngineError, Network, Volume};
use crate::event::{Event, Phase, Reporter};
use crate::image::{self, Found};
use crate::name::NodeName;
use crate::plan::{Plan, PlannedDataset, PlannedNode, Role, Standby};
use crate::postgres::MAINTENANCE_DATABASE;
use crate::verify::{self, Verdict};

use super::clock::Clock;
use super::console::Stage;
use super::error::ClusterError;
use super::node::{self, Starting};
use super::subnet::Subnet;
use super::{
    Cluster, claim, cleanup, discover, frame, labels, replicate, roles, settings, template,
};

/// When what was made stays although something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// A failure leaves nothing.
    #[default]
    Never,
    /// A failure leaves everything as it was then. An interrupt leaves nothing all the same.
    Failed,
}

/// How to bring a lab up.
#[derive(Debug, Clone)]
pub struct Options {
    /// What a failure leaves.
    pub keep: Keep,
    /// How long each wait may take: for a server to answer, for a standby to stream.
    pub within: Duration,
    /// Whether replication is proven at the end.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep: Keep::default(),
            within: Duration::from_secs(60),
            verify: true,
        }
    }
}

/// A lab that is up.
#[derive(Debug)]
pub struct Up<E> {
    /// The lab.
    pub cluster: Cluster<E>,
    /// The proof, unless it was not asked for.
    pub verdict: Option<Verdict>,
    /// How long each phase took; phases overlap.
    pub timings: BTreeMap<Phase, Duration>,
    /// How long all of it took.
    pub total: Duration,
}

/// How many containers are started at once. More only wait for each other inside the engine.
const STARTS_AT_ONCE: usize = 3;

/// Brings a lab up, populates it and proves that it replicates.
///
/// # Errors
/// Whatever failed first. What was made is removed unless [`Options::keep`] says otherwise; after an interrupt
/// through `cancel` it always is.
pub async fn up<E: Engine>(
    engine: &E,
    plan: Plan,
    options: &Options,
    reporter: Arc<dyn Reporter>,
    cancel: &CancellationToken,
) -> Result<Up<E>, ClusterError> {
    let began = Instant::now();
    let clock = Clock::new(reporter);
    let datasets = plan.data.iter().filter_map(dataset).collect();
    let images = clock
        .time(Phase::Images, images(engine, &plan, &clock, cancel))
        .await?;
    clock
        .time(Phase::Network, claim::claim(engine, &plan))
        .await?;
    let lab = plan.lab.clone();
    let build = Build::new(engine, plan, datasets, images, options, clock, cancel);
    match build.run().await {
        Ok((cluster, verdict)) => Ok(Up {
            cluster,
            verdict,
            timings: build.clock.timings(),
            total: began.elapsed(),
        }),
        Err(error) if options.keep == Keep::Failed && !cancel.is_cancelled() => {
            if let Err(unmarked) = mark_ready(engine, &build.plan).await {
                tracing::warn!(%unmarked, "`lab gc` will take what is kept");
            }
            Err(error)
        }
        Err(error) => match cleanup::remove(engine, &lab).await {
            Ok(_) => Err(error),
            Err(leftover) => {
                tracing::error!(%leftover, "cleaning up");
                Err(ClusterError::Leftover {
                    lab,
                    source: Box::new(error),
                })
            }
        },
    }
}

async fn images<E: Engine>(
    engine: &E,
    plan: &Plan,
    clock: &Clock,
    cancel: &CancellationToken,
) -> Result<BTreeMap<String, Found>, ClusterError> {
    let mut images = BTreeMap::new();
    for node in &plan.nodes {
        if let Entry::Vacant(place) = images.entry(node.postgres.to_string()) {
            let reporter = clock.reporter().as_ref();
            place.insert(image::ensure(engine, &node.postgres, reporter, cancel).await?);
        }
    }
    Ok(images)
}

/// The dataset that is planned. Checks refuse a name that is neither known nor has files.
fn dataset(planned: &PlannedDataset) -> Option<Dataset> {
    if planned.files.is_empty() {
        return dataset::builtin(&planned.name, planned.rows, planned.seed);
    }
    Some(dataset::own(
        planned.name.clone(),
        planned.sql.clone(),
        planned.rows,
        planned.seed,
    ))
}

/// Says, where every process can see it, that the lab is complete: `gc` leaves it alone from now on.
async fn mark_ready<E: Engine>(engine: &E, plan: &Plan) -> Result<(), ClusterError> {
    let ready = Volume {
        name: labels::ready_object(&plan.lab),
        labels: labels::of_lab(&plan.lab),
    };
    engine.create_volume(&ready).await?;
    Ok(())
}

/// A lab in the making. Cheap to clone: every task has one.
struct Build<E> {
    engine: E,
    plan: Arc<Plan>,
    datasets: Arc<Vec<Dataset>>,
    images: Arc<BTreeMap<String, Found>>,
    within: Duration,
    verify: bool,
    clock: Clock,
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
    fn new(
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

    async fn run(&self) -> Result<(Cluster<E>, Option<Verdict>), ClusterError> {
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
                Ok::<_, EngineError>(())
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
