//! Negative controls: with the standbys frozen, a synchronous commit must wait and an asynchronous one must return.
//!
//! The write is a logical message. It is in the WAL, its commit waits like any other, and no table changes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::engine::{Container, EngineError, EngineErrorKind};
use crate::failure::Failure;
use crate::lab::deeds::Deed;
use crate::name::NodeName;
use crate::plan::{PlannedNode, Standby};
use crate::server::activity;
use crate::server::client::{Reader, SearchPath, words};
use crate::server::replication::SyncState;
use crate::text::{chain, duration};
use crate::wait::{Probe, lasting, wait_for};

use super::{Check, Prover, check};

/// A transaction whose commit waits for synchronous standbys (manual: "Replication Management Functions").
const WRITE: &str =
    "SET synchronous_commit = on; SELECT pg_catalog.pg_logical_emit_message(true, 'lab', 'verify')";

/// Whether a standby's answer could let a commit return: it is synchronous, in a quorum, or a potential replacement.
fn could_answer(standby: &Standby) -> bool {
    standby
        .sync_states
        .iter()
        .any(|state| *state != SyncState::Async)
}

impl Prover<'_> {
    /// Runs the controls of one primary.
    pub(super) async fn controls(
        &self,
        primary: &PlannedNode,
        standbys: &[(&PlannedNode, &Standby)],
    ) -> Vec<Check> {
        let mut checks = Vec::new();
        let (answering, others): (Vec<_>, Vec<_>) = standbys
            .iter()
            .partition(|(_, standby)| standby.upstream == primary.name && could_answer(standby));
        let names = |nodes: &[(&PlannedNode, &Standby)]| -> Vec<NodeName> {
            nodes.iter().map(|(node, _)| node.name.clone()).collect()
        };
        if !others.is_empty() {
            let frozen = names(&others);
            let name = format!(
                "{}: a commit does not wait for {}",
                primary.name,
                list(&frozen)
            );
            checks.push(
                check(
                    name,
                    self.with_frozen(&frozen, self.commit_returns(primary)),
                )
                .await,
            );
        }
        if !answering.is_empty() {
            let frozen = names(&answering);
            let name = format!(
                "{}: a commit waits while {} cannot answer",
                primary.name,
                list(&frozen)
            );
            let waits = async {
                let writer = self.writer(primary).await?;
                self.with_frozen(&frozen, self.commit_waits(primary, &writer))
                    .await?;
                self.commit_is_let_go(&writer).await
            };
            checks.push(check(name, waits).await);
        }
        checks
    }

    /// A separate connection, for a statement that may have to wait.
    async fn writer(&self, primary: &PlannedNode) -> Result<WaitingSession, Failure> {
        let database = self.lab.plan.database.as_str();
        let client = self
            .lab
            .reader(&primary.name, database, SearchPath::Users)
            .await
            .map_err(|error| chain(&error))?;
        let pid = activity::own_pid(&client).await.map_err(words)?;
        Ok(WaitingSession {
            client: std::sync::Arc::new(client),
            pid,
            task: tokio::sync::Mutex::new(None),
        })
    }

    /// Freezes nodes, runs a check, and unfreezes them in any case.
    async fn with_frozen<T>(
        &self,
        nodes: &[NodeName],
        look: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let engine = &self.lab.engine;
        let containers: Vec<&Container> = nodes
            .iter()
            .filter_map(|node| self.lab.container(node.as_str()).ok())
            .collect();
        // Whoever finds the lab after a `kill -9` knows that they are not frozen on purpose.
        let nodes = nodes.to_vec();
        let note = self.lab.note_deed(Deed::Freeze { nodes }).await?;
        let freezing = join_all(
            containers
                .iter()
                .map(|container| self.freeze(&container.id)),
        )
        .await;
        // Docker has unfrozen what it could not freeze wholly. After another error it may be frozen.
        let is_frozen = |it: &Result<(), EngineError>| !matches!(it, Err(error) if error.kind == EngineErrorKind::Busy);
        let frozen_ones: Vec<&Container> = containers
            .iter()
            .zip(&freezing)
            .filter_map(|(container, froze)| is_frozen(froze).then_some(*container))
            .collect();
        let frozen = freezing.into_iter().collect::<Result<Vec<()>, _>>();
        let looked = match frozen {
            Ok(_) => look.await,
            Err(error) => Err(Failure::from(error)),
        };
        let thawing = join_all(
            frozen_ones
                .iter()
                .map(|container| engine.unpause_container(&container.id)),
        )
        .await;
        let thawed = thawing.into_iter().collect::<Result<Vec<()>, _>>();
        if let (Ok(_), Some(note)) = (&thawed, note) {
            // The nodes run again. A note that stays costs the next proof a look at them, not this proof its result.
            if let Err(error) = self.lab.forget_deed(&note).await {
                tracing::warn!(error = chain(&error), "removing the note of a freeze");
            }
        }
        match thawed {
            Err(error) if looked.is_ok() => Err(format!("thawing: {}", chain(&error)).into()),
            _ => looked,
        }
    }

    /// Freezes a container. If a process starts or writes at that moment, Docker gives up after a fraction of a second
    /// and unfreezes all of them. Another attempt may succeed.
    ///
    /// No attempt is abandoned halfway: it could take effect after the container was unfrozen.
    async fn freeze(&self, id: &str) -> Result<(), EngineError> {
        let deadline = Instant::now() + self.within;
        loop {
            match self.lab.engine.pause_container(id).await {
                Err(error)
                    if error.kind == EngineErrorKind::Busy
                        && Instant::now() < deadline
                        && !self.cancel.is_cancelled() => {}
                done => return done,
            }
        }
    }

    async fn commit_returns(&self, primary: &PlannedNode) -> Result<String, Failure> {
        let client = self.client(&primary.name)?;
        let began = Instant::now();
        let committed = tokio::time::timeout(self.within, client.batch_execute(WRITE)).await;
        match committed {
            Ok(Ok(())) => Ok(format!(
                "it returned after {} while they were frozen",
                duration(began.elapsed())
            )),
            Ok(Err(error)) => Err(words(error).into()),
            Err(_) => {
                // Cancel the statement, which would otherwise hold the connection.
                client.cancel().await;
                Err(format!(
                    "it did not return within {} while they were frozen",
                    duration(self.within)
                )
                .into())
            }
        }
    }

    /// Waits until the commit shows the wait event `SyncRep` (manual: "Wait Events of Type IPC").
    async fn commit_waits(
        &self,
        primary: &PlannedNode,
        writer: &WaitingSession,
    ) -> Result<(), Failure> {
        let client = self.client(&primary.name)?;
        writer.write().await;
        let waited = wait_for(self.within, self.cancel, || async {
            if writer.has_returned().await {
                return Err(Returned);
            }
            let seen = activity::session(client, writer.pid).await;
            let seen = seen.ok().flatten().ok_or(Returned)?;
            Ok(if seen.wait_event.as_deref() == Some("SyncRep") {
                // A healthy commit waits as well, for a moment.
                let look = || async {
                    let again = activity::session(client, writer.pid).await;
                    let again = again.ok().flatten().ok_or(Returned)?;
                    Ok::<_, Returned>(Vec::from_iter((again == seen).then_some(())))
                };
                match lasting(LASTS, self.cancel, look).await {
                    Ok(Some(())) => Probe::Ready(()),
                    Ok(None) => Probe::NotYet("wait event SyncRep, for a moment".to_owned()),
                    Err(_) => return Err(Returned),
                }
            } else {
                let shown = |word: Option<String>| word.unwrap_or_else(|| "none".to_owned());
                Probe::NotYet(format!(
                    "state {}, wait event {}",
                    shown(seen.state),
                    shown(seen.wait_event)
                ))
            })
        });
        waited
            .await
            .map_err(|error| Failure::seen(error.to_string()))
    }

    async fn commit_is_let_go(&self, writer: &WaitingSession) -> Result<String, Failure> {
        match tokio::time::timeout(self.within, writer.returned()).await {
            Ok(Ok(())) => Ok("waited for SyncRep; it returned after they answered".to_owned()),
            Ok(Err(why)) => Err(why),
            Err(_) => {
                writer.client.cancel().await;
                Err(format!(
                    "it still waits {} after they were unfrozen",
                    duration(self.within)
                )
                .into())
            }
        }
    }
}

/// How long a commit must be seen waiting.
const LASTS: Duration = Duration::from_millis(30);

/// The commit returned although no standby could have answered.
#[derive(Debug, thiserror::Error)]
#[error("it returned although no standby could have answered")]
struct Returned;

/// A session whose commit may have to wait.
struct WaitingSession {
    client: std::sync::Arc<Reader>,
    pid: i32,
    task: tokio::sync::Mutex<Option<tokio::task::JoinHandle<Result<(), tokio_postgres::Error>>>>,
}

impl WaitingSession {
    async fn write(&self) {
        let client = std::sync::Arc::clone(&self.client);
        *self.task.lock().await = Some(tokio::spawn(
            async move { client.batch_execute(WRITE).await },
        ));
    }

    async fn has_returned(&self) -> bool {
        self.task
            .lock()
            .await
            .as_ref()
            .is_none_or(tokio::task::JoinHandle::is_finished)
    }

    async fn returned(&self) -> Result<(), Failure> {
        let Some(task) = self.task.lock().await.take() else {
            return Ok(());
        };
        match task.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(words(error).into()),
            Err(panic) => Err(panic.to_string().into()),
        }
    }
}

fn list(nodes: &[NodeName]) -> String {
    let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
    match names.as_slice() {
        [first, .., last] if names.len() > 3 => format!("{first} … {last}"),
        _ => names.join(", "),
    }
}
