//! Bringing a lab up, and the order of it.
//!
//! ```text
//! images ─ claim, network, addresses ─┬─ primary: container ─ files ─ data directory ─ server ─ roles, slots ─ data ─┐
//!                                     ├─ each standby: container                                                     │
//!                                     └─ each service: container ── … it answers, at the latest after the proof      │
//!   ┌────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
//!   └─ each standby, after its upstream: files ─ base backup ─ server ─ streaming ─ proof
//! ```
//!
//! The addresses are assigned before the first container starts, and every `pg_hba.conf` is complete from the beginning.

mod build;
mod containers;
mod primary;
mod standby;
mod subscriber;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::dataset::{self, Dataset};
use crate::engine::{Engine, Volume};
use crate::event::{Phase, Reporter};
use crate::image::{self, Found};
use crate::plan::{Plan, PlannedDataset};
use crate::scenario::services::ServiceName;

use super::clock::Clock;
use super::error::LabError;
use super::labels::Claim;
use super::tls::Authority;
use super::verdict::{Proof, Verdict};
use super::{Lab, claim, cleanup, labels, owner, passfile, preflight};
use build::Build;

/// What a failure leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// A failure leaves nothing.
    #[default]
    Never,
    /// A failure leaves everything as it was then. An interrupt still leaves nothing.
    Failed,
}

/// How to bring a lab up.
#[derive(Debug, Clone)]
pub struct Options {
    /// What a failure leaves.
    pub keep: Keep,
    /// How long each wait may take: for a server to answer, for a standby to stream.
    pub within: Duration,
    /// The proof that ends it: `Some(verify::proof)` proves replication, `None` proves nothing.
    pub proof: Option<Proof>,
    /// Whether the lab is for this process alone. `gc` then removes it once the process is gone.
    pub for_this_process: bool,
}

impl Options {
    /// The defaults: a failure leaves nothing, each wait may take a minute, the lab outlives this process.
    #[must_use]
    pub fn new(proof: Option<Proof>) -> Self {
        Self {
            keep: Keep::default(),
            within: Duration::from_secs(60),
            proof,
            for_this_process: false,
        }
    }
}

/// A lab that is up.
#[derive(Debug)]
pub struct Up {
    /// The lab.
    pub lab: Lab,
    /// The result of the proof, if one was asked for.
    pub verdict: Option<Verdict>,
    /// How long each phase took; phases overlap.
    pub timings: BTreeMap<Phase, Duration>,
    /// How long all of it took.
    pub total: Duration,
}

/// Brings a lab up, populates it and proves that it replicates.
///
/// # Errors
/// The first failure. Everything made so far is removed unless [`Options::keep`] says otherwise. After an interrupt
/// through `cancel` it is always removed.
pub async fn up(
    engine: &Engine,
    plan: Plan,
    options: &Options,
    reporter: Arc<dyn Reporter>,
    cancel: &CancellationToken,
) -> Result<Up, LabError> {
    let began = Instant::now();
    let clock = Clock::new(reporter);
    let authority = plan.tls.then(|| Authority::new(&plan.lab)).transpose()?;
    let password = passfile::new_password(&plan)?;
    let images = clock
        .time(Phase::Images, images(engine, &plan, &clock, cancel))
        .await?;
    preflight::is_free(engine, &plan).await?;
    let claim = clock
        .time(Phase::Network, claim::claim(engine, &plan))
        .await?;
    let build = Build::new(
        engine,
        (plan, claim),
        images,
        (authority, password),
        options,
        clock,
        cancel,
    );
    match Box::pin(build.run()).await {
        Ok((lab, verdict)) => Ok(Up {
            lab,
            verdict,
            timings: build.clock.timings(),
            total: began.elapsed(),
        }),
        Err(error) if options.keep == Keep::Failed && !cancel.is_cancelled() => {
            if let Err(unmarked) = mark_ready(engine, &build.plan, &build.claim, false).await {
                tracing::warn!(%unmarked, "`lab gc` will take what is kept");
            }
            Err(error)
        }
        Err(error) => match cleanup::remove(engine, &build.claim).await {
            Ok(_) => Err(error),
            Err(source) => Err(LabError::Leftover {
                lab: build.claim.lab.clone(),
                after: Some(Box::new(error)),
                source: Box::new(source),
            }),
        },
    }
}

/// The key of a service's image among those of the nodes. No image's name has a space.
fn image_of(service: ServiceName) -> String {
    format!("service {service}")
}

/// The images: those of nodes by the PostgreSQL that they ask for, those of services by [`image_of`].
async fn images(
    engine: &Engine,
    plan: &Plan,
    clock: &Clock,
    cancel: &CancellationToken,
) -> Result<BTreeMap<String, Found>, LabError> {
    let mut images = BTreeMap::new();
    for node in &plan.nodes {
        if let Entry::Vacant(place) = images.entry(node.postgres.to_string()) {
            let reporter = clock.reporter().as_ref();
            place.insert(image::ensure(engine, &node.postgres, reporter, cancel).await?);
        }
    }
    for service in &plan.services {
        let reporter = clock.reporter().as_ref();
        let found = image::ensure_service(engine, service, reporter, cancel).await?;
        images.insert(image_of(service.name), found);
    }
    Ok(images)
}

/// The dataset of a plan. Checks refuse a name that is unknown and has no files.
fn dataset(planned: &PlannedDataset) -> Option<Dataset> {
    let dataset = if planned.files.is_empty() && planned.schema.is_empty() {
        dataset::builtin(&planned.name, planned.rows, planned.seed)?
    } else {
        dataset::own(
            planned.name.clone(),
            planned.schema_sql.clone(),
            planned.sql.clone(),
            planned.rows,
            planned.seed,
        )
    };
    Some(if planned.tables_only {
        dataset.tables_only()
    } else {
        dataset
    })
}

/// Marks the lab as complete, where every process can see it. `gc` leaves it alone from now on: for good, or as long as
/// this process lives if the lab is for this process alone.
async fn mark_ready(
    engine: &Engine,
    plan: &Plan,
    claim: &Claim,
    for_this_process: bool,
) -> Result<(), LabError> {
    // A process that removed an earlier lab of the name may have taken this claim for that one's, for volumes have no id.
    claim::hold(engine, plan, claim).await?;
    let mut own = labels::of_lab(claim);
    if for_this_process {
        own.insert(labels::OWNER_LABEL.to_owned(), owner::this_process());
    }
    let ready = Volume {
        name: labels::ready_object(&plan.lab),
        labels: own,
    };
    let made = engine.create_volume(&ready).await?;
    match claim::other_holder(claim, &made) {
        None => Ok(()),
        Some(by) => Err(LabError::Taken {
            lab: plan.lab.clone(),
            by,
        }),
    }
}
