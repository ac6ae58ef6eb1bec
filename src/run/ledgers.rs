//! The ledger: numbered rows from several connections, and which of them a server acknowledged.
//!
//! A connection writes one row after the other to the node that takes writes. A row is acknowledged once its commit has
//! returned. A row without an acknowledgement may exist or not, and is never written again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::scene::Scene;
use super::state::{Acknowledged, Ledger};
use super::{Tried, Wrong};
use crate::action::{Step, load::Load};
use crate::engine::{ContainerState, Engine};
use crate::lab::{HOST, labels};
use crate::name::{DatabaseName, LabName, NodeName, Secret, SessionName};
use crate::server::client::{self, Door, Noticing};
use crate::server::state;
use crate::text::duration;
use crate::wait::Probe;

/// The longest time for a connection, and for the acknowledgement of a row, before the next node is tried.
const PATIENCE: Duration = Duration::from_secs(2);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS lab_ledger (client int, number bigint, PRIMARY KEY (client, number))";

/// The nodes that a ledger may write to.
struct Book {
    engine: Engine,
    lab: LabName,
    nodes: Vec<NodeName>,
    database: DatabaseName,
    /// The superuser's, if the servers ask this host for it.
    password: Option<Secret>,
}

impl Book {
    /// A connection to the first node that takes writes.
    async fn open(&self) -> Option<Noticing> {
        for node in &self.nodes {
            let name = labels::node_object(&self.lab, node);
            let Ok(Some(container)) = self.engine.find_container(&name).await else {
                continue;
            };
            let (ContainerState::Running, Some(port)) = (container.state, container.port) else {
                continue;
            };
            let connecting = async {
                let door = Door {
                    password: self.password.as_ref(),
                    ..Door::trusted(HOST, port)
                };
                let client = client::connect(door, self.database.as_str()).await.ok()?;
                let is_standby = state::is_standby(&client).await.ok()?;
                (!is_standby).then_some(client)
            };
            if let Ok(Some(client)) = tokio::time::timeout(PATIENCE, connecting).await {
                return Some(client);
            }
        }
        None
    }

    /// Writes rows until `stop` is cancelled.
    async fn write(
        &self,
        writer: u32,
        acknowledged: &Mutex<Acknowledged>,
        stop: &CancellationToken,
    ) {
        let mut connection: Option<Noticing> = None;
        let mut number = 0;
        while !stop.is_cancelled() {
            let Some(client) = &connection else {
                connection = self.open().await;
                if connection.is_none() {
                    // No node takes writes: ask again soon, without a busy loop.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                continue;
            };
            number += 1;
            let sql = format!("INSERT INTO lab_ledger VALUES ({writer}, {number})");
            match tokio::time::timeout(PATIENCE, client.simple_query(&sql)).await {
                Ok(Ok(_)) => {
                    let mut all = acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
                    all.add((writer, number), Instant::now());
                }
                // The row may exist or not: it was not acknowledged.
                _ => connection = None,
            }
        }
    }
}

impl Scene<'_> {
    /// Begins a ledger, which is written while later steps happen.
    pub(super) async fn ledger(&self, step: &Step, load: &Load) -> Tried {
        let session = step.session.clone();
        let session = session.ok_or_else(|| Wrong::failed("a ledger needs a session"))?;
        let (_, database) = super::target(step)?;
        let all = self.lab.plan.nodes.iter().map(|node| node.name.clone());
        let book = Arc::new(Book {
            engine: self.lab.engine.clone(),
            lab: self.lab.plan.lab.clone(),
            nodes: if load.nodes.is_empty() {
                all.collect()
            } else {
                load.nodes.clone()
            },
            database: database.clone(),
            password: self.lab.password()?.cloned(),
        });
        let first = book.open().await;
        let first = first.ok_or_else(|| Wrong::failed("no node takes writes"))?;
        first.batch_execute(TABLE).await?;
        let (acknowledged, end) = (Arc::new(Mutex::default()), self.cancel.child_token());
        let mut writers = JoinSet::new();
        for writer in 1..=load.clients {
            let (book, acknowledged, end) =
                (Arc::clone(&book), Arc::clone(&acknowledged), end.clone());
            writers.spawn(async move { book.write(writer, &acknowledged, &end).await });
        }
        let ledger = Ledger {
            acknowledged: Arc::clone(&acknowledged),
            end,
            writers: Some(writers),
        };
        self.ledgers.lock().await.insert(session, ledger);
        // It has begun once a row is acknowledged.
        let expected = || "an acknowledged row".to_owned();
        self.wait(self.patience(step), expected, || async {
            let written = acknowledged
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .rows
                .len();
            Ok(if written > 0 {
                Probe::Ready(())
            } else {
                Probe::NotYet("none yet".to_owned())
            })
        })
        .await?;
        Ok(format!("{} connections write", load.clients))
    }

    /// Ends the ledger of a session, if it has one.
    pub(super) async fn finish_ledger(&self, name: &SessionName) -> Option<Tried> {
        let mut ledgers = self.ledgers.lock().await;
        let ledger = ledgers.get_mut(name)?;
        let Some(writers) = ledger.writers.take() else {
            return Some(Err(Wrong::failed(format!(
                "the ledger of session `{name}` has already ended"
            ))));
        };
        ledger.end.cancel();
        writers.join_all().await;
        let mut acknowledged = ledger
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The time since the last acknowledgement counts as well.
        let since = acknowledged
            .last
            .map_or(Duration::ZERO, |last| last.elapsed());
        acknowledged.outage = acknowledged.outage.max(since);
        Some(Ok(format!(
            "{} rows acknowledged, longest outage {}",
            acknowledged.rows.len(),
            duration(acknowledged.outage)
        )))
    }
}
