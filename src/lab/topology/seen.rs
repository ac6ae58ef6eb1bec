//! What every node of a lab says of itself, asked at once.

use std::time::Duration;

use futures_util::future::join_all;

use crate::engine::{Container, ContainerState};
use crate::lab::status::publishing::{self, Publishing};
use crate::lab::{Lab, LabError};
use crate::plan::PlannedNode;
use crate::server::activity::{self, Waiting};
use crate::server::client::{Reader, SearchPath};
use crate::server::history::{self, History};
use crate::server::in_force;
use crate::server::replication::{self, Sender};
use crate::server::server_error::ServerError;
use crate::server::slots::{self, Slot};
use crate::server::state::{self, ServerState};
use crate::server::upstream::{self, Upstream};
use crate::server::{MAINTENANCE_DATABASE, catalog};
use crate::text::duration;

use super::{Said, Sight, Topology};

/// How long a server may take for its answers. One that is frozen after Docker was asked never gives them.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The answers of one node's server.
pub(in crate::lab) struct Answers {
    pub(in crate::lab) state: ServerState,
    pub(in crate::lab) senders: Vec<Sender>,
    pub(in crate::lab) slots: Vec<Slot>,
    /// Its timelines. `None` for a standby that has replayed nothing yet.
    pub(in crate::lab) history: Option<History>,
    /// Where its WAL comes from, if it is a standby.
    pub(in crate::lab) upstream: Option<Upstream>,
    /// Its `synchronous_standby_names`.
    pub(in crate::lab) synchronous: String,
    /// Its commits that wait for standbys.
    pub(in crate::lab) waiting: Waiting,
    /// Its publications and subscriptions, or why they could not be read.
    pub(in crate::lab) publishing: Result<Publishing, Unasked>,
}

impl Answers {
    /// Whether it has a subscription of that name.
    pub(super) fn subscribes(&self, name: &str) -> bool {
        let publishing = self.publishing.as_ref();
        publishing.is_ok_and(|its| its.subscriptions.iter().any(|found| found.name == name))
    }
}

/// Why a node could not be asked.
#[derive(Debug, thiserror::Error)]
pub(in crate::lab) enum Unasked {
    /// Its container does not run.
    #[error("{0}")]
    Down(&'static str),
    /// There is no connection to it.
    #[error(transparent)]
    Unreachable(#[from] LabError),
    /// Its server did not answer.
    #[error(transparent)]
    Refused(#[from] ServerError),
}

impl Lab {
    /// Asks every node that runs, in plan order.
    pub(in crate::lab) async fn ask_all(&self) -> Vec<Result<Answers, Unasked>> {
        let asked = self.nodes();
        let asked = asked.map(|(node, container)| self.answers(node, container));
        join_all(asked).await
    }

    /// The present topology of a lab.
    pub async fn topology(&self) -> Topology {
        self.topology_of(&self.ask_all().await)
    }

    /// The lab with a plan that says what is, and no longer what was meant; and the topology that it follows from.
    pub async fn present(&self) -> (Self, Topology) {
        let asked = self.ask_all().await;
        let topology = self.topology_of(&asked);
        let present = Self {
            plan: self.plan.at_present(&topology, &asked),
            ..self.clone()
        };
        (present, topology)
    }

    pub(in crate::lab) fn topology_of(&self, asked: &[Result<Answers, Unasked>]) -> Topology {
        let addresses: Vec<Option<String>> = self
            .nodes()
            .map(|(_, container)| Some(container?.address?.to_string()))
            .collect();
        let sights: Vec<Sight<'_>> = asked
            .iter()
            .zip(&addresses)
            .map(|(asked, address)| Sight {
                address: address.as_deref(),
                said: asked.as_ref().ok().map(|said| Said {
                    state: &said.state,
                    senders: &said.senders,
                    upstream: said.upstream.as_ref(),
                }),
            })
            .collect();
        Topology::of(&self.plan, &sights)
    }

    /// Asks a node's server.
    async fn answers(
        &self,
        node: &PlannedNode,
        container: Option<&Container>,
    ) -> Result<Answers, Unasked> {
        let asking = tokio::time::timeout(ANSWER_LIMIT, self.ask(node, container));
        let silent = || format!("no answer within {}", duration(ANSWER_LIMIT));
        let asked = asking.await;
        asked.unwrap_or_else(|_| Err(ServerError::silent(silent()).into()))
    }

    async fn ask(
        &self,
        node: &PlannedNode,
        container: Option<&Container>,
    ) -> Result<Answers, Unasked> {
        let reader = self.reach(node, container).await?;
        let stated = async {
            let state = state::state(&reader).await?;
            let publishing = self.publishing(node, &reader, &state).await;
            Ok::<_, ServerError>((state, publishing))
        };
        // Sent at once, and answered as fast as one.
        let (stated, senders, slots, history, upstream, waiting, synchronous) = tokio::try_join!(
            stated,
            replication::senders(&reader),
            slots::slots(&reader),
            history::history(&reader),
            upstream::upstream(&reader),
            activity::waiting_commits(&reader),
            in_force::setting(&reader, "synchronous_standby_names"),
        )?;
        let (state, publishing) = stated;
        Ok(Answers {
            state,
            senders,
            slots,
            history,
            upstream,
            synchronous: synchronous.unwrap_or_default(),
            waiting,
            publishing,
        })
    }

    /// The publications and subscriptions of a node. They belong to a database, and a standby shows its primary's.
    async fn publishing(
        &self,
        node: &PlannedNode,
        reader: &Reader,
        state: &ServerState,
    ) -> Result<Publishing, Unasked> {
        let database = self.plan.database.as_str();
        if state.is_standby || !catalog::has_database(reader, database).await? {
            return Ok(Publishing::default());
        }
        let path = SearchPath::Catalog;
        let reader = self.reader(&node.name, database, path).await?;
        Ok(publishing::read(&reader).await?)
    }

    /// Connects to a node's maintenance database, which exists even if the lab's own does not.
    pub(in crate::lab) async fn reach(
        &self,
        node: &PlannedNode,
        container: Option<&Container>,
    ) -> Result<Reader, Unasked> {
        runs(container)?;
        let path = SearchPath::Catalog;
        Ok(self.reader(&node.name, MAINTENANCE_DATABASE, path).await?)
    }
}

/// Fails with the container's state unless it runs.
pub(in crate::lab) fn runs(container: Option<&Container>) -> Result<(), Unasked> {
    if let Some(why) = container.and_then(Container::why_ended) {
        return Err(Unasked::Down(why));
    }
    Err(Unasked::Down(match container.map(|found| found.state) {
        Some(ContainerState::Running) => return Ok(()),
        None => "its container is gone",
        Some(ContainerState::Paused) => "its container is paused",
        Some(_) => "its container does not run",
    }))
}
