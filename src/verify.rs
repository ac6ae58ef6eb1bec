//! The proof that a lab replicates, edge by edge, with its negative controls.
//!
//! The proof inserts a row into every table of the primary and takes the WAL position after the commit. It waits on the
//! upstream for the named standby to replay that position, and compares the rows value by value. Then it freezes
//! standbys: a synchronous commit must wait, and an asynchronous one must return. It removes everything that it wrote.
//! A lab in use can be verified, but commits may stall while a standby is frozen, for a fraction of a second.
//!
//! A failed check is a result, not an error. An error means that the proof could not be made.

mod beside;
pub mod compare;
mod control;
mod edge;
mod logical;
mod present;
pub mod probe;
mod reason;
mod undo;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::engine::ContainerState;
use crate::failure::Failure;
use crate::lab::deeds::Note;
use crate::lab::verdict::Connections;
use crate::lab::{Lab, LabError};
use crate::name::NodeName;
use crate::plan::{PlannedNode, Standby};
use crate::server::client::{Reader, SearchPath};
use crate::text::chain;
use crate::wait::{Probe, WaitError, wait_for};
use logical::RowStage;

pub use crate::lab::verdict::{Check, NotProven, Verdict};
pub use present::verify_present;
pub use undo::undo_killed;

/// Runs and times one check. `Err` is the reason that it failed.
async fn check(name: String, looked: impl Future<Output = Result<String, Failure>>) -> Check {
    let began = Instant::now();
    let looked = looked.await;
    let took_ms = (began.elapsed().as_secs_f64() * 1e5).round() / 100.0;
    let passed = looked.is_ok();
    let (detail, hint) = match looked {
        Ok(seen) => (seen, None),
        Err(why) => (why.to_string(), why.hint),
    };
    tracing::debug!(name, passed, took_ms, detail, "check");
    Check {
        name,
        passed,
        took_ms,
        detail,
        hint,
    }
}

/// The state that the checks share.
struct Prover<'a> {
    lab: &'a Lab,
    clients: Connections,
    /// The reason that a node has no client.
    out_of_reach: BTreeMap<NodeName, Failure>,
    within: Duration,
    /// When the proof began.
    began: SystemTime,
    cancel: &'a CancellationToken,
    /// What was noted, and not yet undone.
    notes: tokio::sync::Mutex<Vec<Note>>,
    /// What no check says anything about.
    not_proven: tokio::sync::Mutex<Vec<NotProven>>,
}

/// [`verify`] as [`lab::up`](crate::lab::up::Options::proof) takes it.
///
/// # Errors
/// As [`verify`].
#[must_use]
pub fn proof<'a>(
    lab: &'a Lab,
    clients: Connections,
    within: Duration,
    cancel: &'a CancellationToken,
) -> BoxFuture<'a, Result<Verdict, LabError>> {
    verify(lab, clients, within, cancel).boxed()
}

/// Proves that the lab replicates. `clients` are existing connections; missing ones are made.
///
/// # Errors
/// [`LabError::Interrupted`], or the reason that the proof could not be made.
pub async fn verify(
    lab: &Lab,
    clients: Connections,
    within: Duration,
    cancel: &CancellationToken,
) -> Result<Verdict, LabError> {
    let proof = Prover::new(lab, clients, within, cancel).await;
    let mut checks = Vec::new();
    let mutual = lab.plan.mutual_subscriptions();
    let errors = mutual
        .iter()
        .map(|(node, subscription)| proof.apply_errors(node, subscription));
    let errors = join_all(errors).await;
    let families = lab.plan.primaries().map(|primary| proof.family(primary));
    for family in join_all(families).await {
        checks.extend(family);
    }
    for ((node, subscription), before) in mutual.iter().zip(&errors) {
        checks.push(proof.no_return(node, subscription, before).await);
    }
    if cancel.is_cancelled() {
        return Err(LabError::Interrupted);
    }
    Ok(Verdict::new(checks).without(proof.not_proven.into_inner()))
}

impl<'a> Prover<'a> {
    async fn new(
        lab: &'a Lab,
        clients: Connections,
        within: Duration,
        cancel: &'a CancellationToken,
    ) -> Self {
        let mut proof = Self {
            lab,
            clients,
            out_of_reach: BTreeMap::new(),
            within,
            began: SystemTime::now(),
            cancel,
            notes: tokio::sync::Mutex::default(),
            not_proven: tokio::sync::Mutex::default(),
        };
        let mut missing = Vec::new();
        for (node, container) in lab.nodes() {
            let state = container.map(|found| found.state);
            if state != Some(ContainerState::Running) {
                proof.clients.remove(&node.name);
                let why = reason::not_running(&node.name, container);
                proof.out_of_reach.insert(node.name.clone(), why);
            } else if !proof.clients.contains_key(&node.name) && answers(node) {
                missing.push(&node.name);
            }
        }
        for (node, connected) in join_all(missing.into_iter().map(|node| proof.connect(node))).await
        {
            match connected {
                Ok(client) => _ = proof.clients.insert(node.clone(), Arc::new(client)),
                Err(why) => _ = proof.out_of_reach.insert(node.clone(), why),
            }
        }
        proof
    }

    /// Connects to a node that runs. Its server may still be starting, as after `docker restart`.
    async fn connect(&self, node: &'a NodeName) -> (&'a NodeName, Result<Reader, Failure>) {
        let database = self.lab.plan.database.as_str();
        let connected = wait_for(self.within, self.cancel, || async {
            match self.lab.reader(node, database, SearchPath::Users).await {
                Ok(client) => Ok(Probe::Ready(client)),
                Err(LabError::Sql(error)) if error.source.may_pass() => {
                    match reason::container(self.lab, node).await {
                        Some(why) => Err(why),
                        None => Ok(Probe::NotYet(chain(&error))),
                    }
                }
                Err(error) => Err(Failure::from(error)),
            }
        });
        (node, connected.await.map_err(limited))
    }

    /// A connection to a node, or why there is none.
    fn client(&self, node: &NodeName) -> Result<&Reader, Failure> {
        self.clients.get(node).map(Arc::as_ref).ok_or_else(|| {
            let why = self.out_of_reach.get(node).cloned();
            why.unwrap_or_else(|| Failure::seen(format!("`{node}` answers no queries")))
        })
    }

    /// The standbys below `primary`, at any depth, except those that start later and have not been started.
    fn standbys(&self, primary: &'a NodeName) -> Vec<(&'a PlannedNode, &'a Standby)> {
        let plan = &self.lab.plan;
        plan.standbys()
            .filter(|(node, _)| plan.primary_of(&node.name) == primary)
            .filter(|(node, _)| !self.lab.is_to_come(node))
            .collect()
    }

    /// Checks a primary and everything that replicates from it.
    async fn family(&self, primary: &'a PlannedNode) -> Vec<Check> {
        let standbys = self.standbys(&primary.name);
        let is_primary = check(format!("{}: is a primary", primary.name), async {
            edge::is_primary(self.client(&primary.name)?).await
        });
        let mut checks = vec![is_primary.await];
        // Of a node that is none nothing else can be proven.
        if !checks[0].passed {
            return checks;
        }
        let (tells, told) = oneshot::channel();
        let beside = async {
            let failed = self.beside(primary, &standbys).await;
            _ = tells.send(failed.is_empty());
            failed
        };
        let may_freeze = async { told.await.unwrap_or(false) };
        let (beside, replicates) =
            tokio::join!(beside, self.replicates(primary, &standbys, may_freeze));
        checks.extend(beside);
        checks.extend(replicates);
        checks
    }

    /// Checks that what a primary writes arrives, and that commits wait for those for whom they should. `may_freeze`: whether
    /// nothing else has failed.
    async fn replicates(
        &self,
        primary: &'a PlannedNode,
        standbys: &[(&'a PlannedNode, &'a Standby)],
        may_freeze: impl Future<Output = bool>,
    ) -> Vec<Check> {
        let (mut checks, mut followed) = self.followed(primary).await;
        if standbys.is_empty() && followed.is_empty() {
            return checks;
        }
        let own = self.own_connection(primary).await;
        let writer = match &own {
            Some(own) => own.as_ref().map_err(Clone::clone),
            None => self.client(&primary.name),
        };
        let mut written = match &writer {
            Ok(client) => self.write(primary, client, &barred(&followed)).await,
            Err(why) => Err(why.clone()),
        };
        let edges = standbys
            .iter()
            .map(|(node, standby)| self.edge(node, standby, &written));
        for edge in join_all(edges).await {
            checks.extend(edge);
        }
        match (&mut written, writer) {
            (Ok(written), Ok(client)) => {
                checks.extend(self.life(primary, client, &mut followed, written).await);
            }
            (Err(why), _) if standbys.is_empty() => {
                let claim = "takes a row in every table";
                checks.push(failed(&primary.name, claim, why.clone()));
            }
            // Each standby's check has reported this.
            _ => {}
        }
        // Freezing a broken lab proves nothing, and the reason is known already.
        let is_sound = checks.iter().all(|check| check.passed) && !self.cancel.is_cancelled();
        if is_sound && may_freeze.await {
            checks.extend(self.controls(primary, standbys).await);
        }
        checks
    }

    /// A separate connection for writing on a node that also subscribes. Its arriving rows are read meanwhile, and that
    /// must not end the writer's transaction.
    async fn own_connection(&self, primary: &'a PlannedNode) -> Option<Result<Reader, Failure>> {
        let mut subscriptions = self.lab.plan.subscriptions();
        let is_shared = subscriptions.any(|(node, _)| node.name == primary.name);
        if !is_shared || !self.clients.contains_key(&primary.name) {
            return None;
        }
        Some(self.connect(&primary.name).await.1)
    }

    /// Checks that each subscription whose rows come from `primary` follows.
    async fn followed(&self, primary: &PlannedNode) -> (Vec<Check>, Vec<logical::Edge<'a>>) {
        let plan = &self.lab.plan;
        let following = plan
            .subscriptions()
            .filter(|(_, subscription)| *plan.primary_of(&subscription.upstream) == primary.name)
            .map(|(node, subscription)| self.follows(node, subscription));
        let (mut checks, mut followed) = (Vec::new(), Vec::new());
        for (looked, edge) in join_all(following).await {
            checks.extend(looked);
            followed.push(edge);
        }
        (checks, followed)
    }

    /// Follows the rows through the subscribers: their arrival, an UPDATE, and their removal, which is done even after
    /// a failure.
    async fn life(
        &self,
        primary: &PlannedNode,
        client: &Reader,
        followed: &mut [logical::Edge<'_>],
        written: &mut edge::WrittenRows,
    ) -> Vec<Check> {
        let inserted = written.inserted.rows.clone();
        let mut checks = self.stages(followed, RowStage::Inserted, written).await;
        if !followed.is_empty() {
            match self.change(primary, client, written).await {
                Ok(()) => checks.extend(self.stages(followed, RowStage::Updated, written).await),
                Err(why) => checks.push(failed(&primary.name, "rows can be changed", why)),
            }
        }
        let name = format!("{}: the written rows are removed", primary.name);
        let removed = async {
            let removed = edge::remove(client, written).await?;
            Ok(removed + &self.kept_by_triggers(followed, &inserted).await)
        };
        let removal = checks.len();
        checks.push(check(name, removed).await);
        if !followed.is_empty() {
            match edge::now(client).await {
                Ok((lsn, at)) => {
                    (written.inserted.lsn, written.at) = (lsn, at);
                    checks.extend(self.stages(followed, RowStage::Deleted, written).await);
                }
                Err(why) => checks.push(failed(&primary.name, "its WAL advances", why)),
            }
        }
        let unsound = followed.iter().filter(|edge| !edge.is_sound());
        let versions = [inserted.as_slice(), &written.inserted.rows];
        let swept = unsound.map(|edge| self.sweep_what_is_left(edge, &versions));
        checks.extend(join_all(swept).await.into_iter().flatten());
        checks.extend(self.sweep_beyond(primary, &versions).await);
        if checks.iter().skip(removal).all(|check| check.passed) {
            self.forget_rows(&primary.name).await;
        }
        checks
    }

    /// Checks one stage of every subscription.
    async fn stages(
        &self,
        followed: &mut [logical::Edge<'_>],
        stage: RowStage,
        written: &edge::WrittenRows,
    ) -> Vec<Check> {
        let stages = followed
            .iter_mut()
            .map(|edge| self.stage(edge, stage, written));
        join_all(stages).await.into_iter().flatten().collect()
    }
}

/// The tables whose rows would stay for good if a subscription follows only later.
fn barred(followed: &[logical::Edge<'_>]) -> Vec<String> {
    let unsound = followed.iter().filter(|edge| !edge.is_sound());
    let mut tables: Vec<String> = unsound
        .flat_map(|edge| edge.keeps().map(str::to_owned))
        .collect();
    tables.sort();
    tables.dedup();
    tables
}

/// The failure of a wait.
fn limited(error: WaitError<Failure>) -> Failure {
    match error {
        WaitError::Failed(why) => why,
        error => Failure::seen(error.to_string()),
    }
}

fn failed(node: &NodeName, claim: &str, why: Failure) -> Check {
    Check {
        name: format!("{node}: {claim}"),
        passed: false,
        took_ms: 0.0,
        detail: why.to_string(),
        hint: why.hint,
    }
}

/// Whether a node answers queries at all.
fn answers(node: &PlannedNode) -> bool {
    match &node.role {
        crate::plan::Role::Primary => true,
        crate::plan::Role::Standby(standby) => standby.hot,
    }
}
