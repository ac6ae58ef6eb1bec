//! The state that steps share: the lab, connections to its servers, sessions, marks in the logs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use super::state::{Ledger, Mark, Running, Session};
use super::{Captured, Tried, Wrong, statements};
use crate::action::{ExpectedError, Step};
use crate::engine::{Container, ContainerState};
use crate::failure::Failure;
use crate::lab::{HOST, Lab};
use crate::name::{DatabaseName, NodeName, Secret, SessionName, UserName};
use crate::plan::Plan;
use crate::plan::secrets::Secrets;
use crate::server::SUPERUSER;
use crate::server::client::{self, Door, Noticing, Reader, SearchPath};
use crate::server::server_error::ServerError;
use crate::wait::{Probe, WaitError, wait_for};

/// A lab while steps happen on it.
pub(super) struct Scene<'a> {
    pub(super) lab: &'a Lab,
    pub(super) cancel: &'a CancellationToken,
    within: Duration,
    /// The end of the run's time.
    deadline: Instant,
    /// The connections of statements that did not end in time.
    pub(super) left: Mutex<Vec<Noticing>>,
    /// The current step's connections that read servers, by node and database.
    readers: Mutex<BTreeMap<(NodeName, String), Arc<Reader>>>,
    pub(super) sessions: Mutex<BTreeMap<SessionName, Session>>,
    pub(super) marks: Mutex<BTreeMap<String, Mark>>,
    pub(super) loads: Mutex<BTreeMap<SessionName, Running>>,
    pub(super) ledgers: Mutex<BTreeMap<SessionName, Ledger>>,
    variables: Mutex<Captured>,
    /// The value that the current step gives for `capture`.
    pub(super) given: Mutex<Option<String>>,
    /// The values that no report shows.
    secrets: Secrets,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        lab: &'a Lab,
        within: Duration,
        cancel: &'a CancellationToken,
        limit: Duration,
    ) -> Self {
        Self {
            lab,
            cancel,
            within,
            deadline: Instant::now() + limit,
            left: Mutex::default(),
            readers: Mutex::default(),
            sessions: Mutex::default(),
            marks: Mutex::default(),
            loads: Mutex::default(),
            ledgers: Mutex::default(),
            variables: Mutex::default(),
            given: Mutex::default(),
            secrets: Secrets::of(&lab.plan, &[]),
        }
    }

    /// The same for steps whose plan, with all its passwords, is not the lab's own.
    pub(super) fn with_secrets_of(mut self, plan: &Plan) -> Self {
        self.secrets = Secrets::of(plan, &[]);
        self
    }

    /// A text without the passwords of the lab.
    pub(super) fn masked(&self, text: &str) -> String {
        self.secrets.masked(text).into_owned()
    }

    /// The longest time that a step may wait.
    pub(super) fn patience(&self, step: &Step) -> Duration {
        let within = step.within.map_or(self.within, |span| span.0);
        within.min(self.remaining())
    }

    /// The time that is left of the run.
    pub(super) fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The step with the values that were captured before it.
    pub(super) async fn fill(&self, step: &Step) -> Step {
        step.filled(&*self.variables.lock().await)
    }

    /// A value that a step uses and no step has captured yet.
    pub(super) async fn unknown(&self, step: &Step) -> Option<String> {
        let known = self.variables.lock().await;
        let mut used = step.used().into_iter();
        used.find(|name| !known.contains_key(name))
    }

    /// The values that steps captured.
    pub(super) async fn captured(&self) -> Captured {
        self.variables.lock().await.clone()
    }

    /// Adds values that were captured earlier.
    pub(super) async fn recall(&self, captured: Captured) {
        self.variables.lock().await.extend(captured);
    }

    /// Gives a value a name.
    pub(super) async fn give(&self, name: &str, value: String) {
        self.variables.lock().await.insert(name.to_owned(), value);
    }

    /// Waits for a condition. A time-out reports what was last seen.
    pub(super) async fn wait<T, F>(
        &self,
        within: Duration,
        expected: impl FnOnce() -> String,
        mut look: impl FnMut() -> F,
    ) -> Tried<T>
    where
        F: Future<Output = Tried<Probe<T>>>,
    {
        let waited = wait_for(within, self.cancel, &mut look).await;
        waited.map_err(|error| match error {
            WaitError::Interrupted => Wrong::Interrupted,
            WaitError::Failed(wrong) => wrong,
            limit @ WaitError::Limit { .. } => Wrong::Unmet {
                expected: expected(),
                found: limit.to_string(),
            },
        })
    }

    /// The node's container, in any state.
    pub(super) async fn container(&self, node: &NodeName) -> Tried<Container> {
        let name = crate::lab::labels::node_object(&self.lab.plan.lab, node);
        let found = self.lab.engine.find_container(&name).await?;
        found.ok_or_else(|| Wrong::failed(format!("the container of `{node}` is gone")))
    }

    /// The node's container, which must be running. A node that is down is an error at once.
    pub(super) async fn running(&self, node: &NodeName) -> Tried<Container> {
        let container = self.container(node).await?;
        Err(match container.state {
            ContainerState::Running => return Ok(container),
            ContainerState::Paused => {
                Wrong::frozen(format!("`{node}` is frozen: {}", self.thaws(node).await))
            }
            _ => {
                let lab = &self.lab.plan.lab;
                let what = self.replaced(node).await.unwrap_or_else(|| {
                    format!("start it with a `start` step or `lab start {lab} {node}`")
                });
                let why = container.why_ended().map(|why| format!("{why}: "));
                let why = why.unwrap_or_default();
                Wrong::down(format!("`{node}` is not running: {why}{what}"))
            }
        })
    }

    /// What to do about a node that another primary has replaced.
    async fn replaced(&self, node: &NodeName) -> Option<String> {
        let lab = Lab::find(self.lab.engine.clone(), &self.lab.plan.lab)
            .await
            .ok()?;
        lab.succession(&lab.topology().await, node)
    }

    /// How to thaw a frozen node, in a scenario and by hand.
    pub(super) async fn thaws(&self, node: &NodeName) -> String {
        let lab = &self.lab.plan.lab;
        let thaw = || format!("thaw it with a `thaw` step or `lab heal {lab} {node}`");
        self.replaced(node).await.unwrap_or_else(thaw)
    }

    /// A connection that reads a node's server in the lab's database, kept for the step.
    pub(super) async fn client(&self, node: &NodeName) -> Tried<Arc<Reader>> {
        self.reader(node, &self.lab.plan.database).await
    }

    /// A connection that reads a node's server, independent of the settings of its users, kept for the step.
    pub(super) async fn reader(
        &self,
        node: &NodeName,
        database: impl AsRef<str>,
    ) -> Tried<Arc<Reader>> {
        let database = database.as_ref();
        // A connection to a frozen server hangs without an error.
        let container = self.running(node).await?;
        let key = (node.clone(), database.to_owned());
        if let Some(reader) = self.readers.lock().await.get(&key)
            && !reader.is_closed()
        {
            return Ok(Arc::clone(reader));
        }
        let reader = self
            .own_reader(node, &container, database, SearchPath::Users)
            .await?;
        let reader = Arc::new(reader);
        let mut readers = self.readers.lock().await;
        readers.insert(key, Arc::clone(&reader));
        Ok(reader)
    }

    /// A new connection that reads a node's server.
    pub(super) async fn own_reader(
        &self,
        node: &NodeName,
        container: &Container,
        database: &str,
        path: SearchPath,
    ) -> Tried<Reader> {
        let password = self.lab.password()?;
        let connect = async |port| {
            let door = Door {
                password,
                ..Door::trusted(HOST, port)
            };
            Reader::connect(door, database, path).await
        };
        self.connected(node, container, None, connect).await
    }

    /// A new connection for the scenario's own SQL, with the settings that the role's programs would see. A server that is
    /// starting is waited for, unless this is the error that the step expects.
    pub(super) async fn connection(
        &self,
        node: &NodeName,
        database: &DatabaseName,
        (user, password): (Option<&UserName>, Option<&Secret>),
        wanted: Option<&ExpectedError>,
    ) -> Tried<Noticing> {
        let container = self.running(node).await?;
        let user = user.map_or(SUPERUSER, UserName::as_str);
        let password = match password {
            None if user == SUPERUSER => self.lab.password()?,
            own => own,
        };
        let connect = async |port| {
            let door = Door {
                password,
                ..Door::trusted(HOST, port)
            };
            client::connect_noticing(door, database.as_str(), user).await
        };
        self.connected(node, &container, wanted, connect).await
    }

    /// Connects to a node. A server that is starting is waited for, unless this is the wanted error.
    async fn connected<T>(
        &self,
        node: &NodeName,
        container: &Container,
        wanted: Option<&ExpectedError>,
        connect: impl AsyncFn(u16) -> Result<T, ServerError>,
    ) -> Tried<T> {
        let Some(port) = container.port else {
            let why = format!("`{node}` has no port on the host: it has no network");
            return Err(Wrong::down(why));
        };
        let act = format!("connecting to `{node}`");
        let last = std::sync::Mutex::new(None);
        let connecting = wait_for(self.within.min(self.remaining()), self.cancel, || async {
            match connect(port).await {
                Ok(connected) => Ok(Probe::Ready(connected)),
                Err(error)
                    if error.may_pass()
                        && !wanted.is_some_and(|wanted| statements::is_wanted(wanted, &error)) =>
                {
                    self.running(node).await?;
                    let seen = error.to_string();
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Ok(Probe::NotYet(seen))
                }
                Err(error) => Err(Wrong::refused(error, &act)),
            }
        });
        connecting.await.map_err(|error| match error {
            WaitError::Interrupted => Wrong::Interrupted,
            WaitError::Failed(wrong) => wrong,
            limit @ WaitError::Limit { .. } => {
                let seen = limit.to_string();
                match last.into_inner().unwrap_or_else(PoisonError::into_inner) {
                    Some(error) => Wrong::Refused {
                        error,
                        why: Failure::seen(seen).while_doing(act),
                    },
                    None => Wrong::failed(format!("{act}: {seen}")),
                }
            }
        })
    }

    /// Ends the connections to a node that is about to stop.
    pub(super) async fn forget(&self, node: &NodeName) {
        self.end_readers(|of| of == node).await;
    }

    /// Ends the connections of the checks.
    pub(super) async fn close_readers(&self) {
        self.end_readers(|_| true).await;
    }

    async fn end_readers(&self, which: impl Fn(&NodeName) -> bool) {
        let mut readers = self.readers.lock().await;
        let (ending, kept) = std::mem::take(&mut *readers)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|((of, _), _)| which(of));
        *readers = kept;
        drop(readers);
        // A look that is still under way ends its own.
        let ending = ending.into_values().filter_map(Arc::into_inner);
        futures_util::future::join_all(ending.map(Reader::close)).await;
    }

    /// Runs a query on a node and returns its first value.
    pub(super) async fn ask(&self, node: &NodeName, sql: &str) -> Tried<Option<String>> {
        let client = self.client(node).await?;
        one(&client, sql).await
    }
}

/// The first value of a query's first row, as text.
pub(super) async fn one(client: &Client, sql: &str) -> Tried<Option<String>> {
    let messages = client.simple_query(sql).await?;
    Ok(messages
        .iter()
        .find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
            _ => None,
        })
        .flatten())
}
