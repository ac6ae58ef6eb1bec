//! Sessions: named connections, in which a statement may run while later steps happen.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::scene::{Scene, one};
use super::state::{Ran, Session};
use super::{Tried, Wrong, statements};
use crate::action::{Expect, Step};
use crate::name::{NodeName, SessionName};
use crate::server::activity;
use crate::server::client::{Noticing, literal};
use crate::wait::Probe;

const END_PGBENCH: &str = include_str!("../../images/node/end_pgbench.sh");

/// The longest wait for a server during clean-up.
const TELLING: Duration = Duration::from_secs(2);

impl Scene<'_> {
    pub(super) async fn in_session(&self, step: &Step, name: &SessionName, text: &str) -> Tried {
        let silent = Expect::default();
        let expect = step.expect.as_ref().unwrap_or(&silent);
        let (node, client, pid) = match self.session(step, name).await {
            Ok(session) => session,
            Err(wrong) => {
                let ran = statements::refused(expect, false, wrong)?;
                return statements::judge(expect, ran);
            }
        };
        if let Some(end) = client.end() {
            return statements::judge(expect, Err(end)).map_err(|wrong| ended_before(name, wrong));
        }
        let own = text.to_owned();
        let task = tokio::spawn(async move { statements::run(&client, &own).await });
        if let Some(session) = self.sessions.lock().await.get_mut(name) {
            session.last = Some(task.abort_handle());
        }
        if !expect.goes_on() {
            let ran = self.ended(step, &node, task).await?;
            self.keep(&ran).await;
            return statements::judge(expect, ran);
        }
        let expected = || statements::describe(expect);
        let waited = self
            .wait(self.patience(step), expected, || async {
                if task.is_finished() {
                    return Err(Wrong::Unmet {
                        expected: expected(),
                        found: "the statement has ended".to_owned(),
                    });
                }
                self.look_at(step, &node, pid.parse().unwrap_or_default(), expect)
                    .await
            })
            .await;
        let mut sessions = self.sessions.lock().await;
        let ended = task.is_finished();
        if let Some(session) = sessions.get_mut(name) {
            if waited.is_err() && ended {
                drop(sessions);
                // The outcome says more than the fact that it ended.
                let ran = self.ended(step, &node, task).await?;
                let found = match ran {
                    Err(error) => error.to_string(),
                    Ok(_) => "the statement returned".to_owned(),
                };
                let expected = expected();
                return Err(Wrong::Unmet { expected, found });
            }
            session.running = Some(task);
        }
        waited
    }

    /// Whether the statement of a process is in the expected state. A wait must last.
    async fn look_at(
        &self,
        step: &Step,
        node: &NodeName,
        pid: i32,
        expect: &Expect,
    ) -> Tried<Probe<String>> {
        let reader = self.client(node).await?;
        let seen = activity::session(&reader, pid).await?.unwrap_or_default();
        let probe = goes_on(expect, &seen.to_string());
        if expect.waiting.is_none() || matches!(probe, Probe::NotYet(_)) {
            return Ok(probe);
        }
        let look = || async {
            let again = activity::session(&reader, pid).await?;
            Ok(again.into_iter().filter(|again| *again == seen).collect())
        };
        let lasts = self.lasting(step, look).await?.is_some();
        let short = || Probe::NotYet(format!("it was seen as {seen}, but only for a moment"));
        Ok(if lasts { probe } else { short() })
    }

    /// The session of that name, opened if needed.
    async fn session(
        &self,
        step: &Step,
        name: &SessionName,
    ) -> Tried<(NodeName, Arc<Noticing>, String)> {
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(name) {
            let client = Arc::clone(&session.client);
            return Ok((session.node.clone(), client, session.pid.clone()));
        }
        let (node, database) = super::target(step)?;
        let wanted = step
            .expect
            .as_ref()
            .and_then(|expect| expect.error.as_ref());
        let client = self.connection(node, database, step.role(), wanted).await?;
        let pid = one(&client, "SELECT pg_backend_pid()")
            .await?
            .unwrap_or_default();
        let client = Arc::new(client);
        let session = Session {
            node: node.clone(),
            client: Arc::clone(&client),
            pid: pid.clone(),
            running: None,
            last: None,
        };
        sessions.insert(name.clone(), session);
        Ok((node.clone(), client, pid))
    }

    /// Waits for a statement's end.
    pub(super) async fn ended(
        &self,
        step: &Step,
        node: &NodeName,
        task: JoinHandle<Ran>,
    ) -> Tried<Ran> {
        let within = self.patience(step);
        let mut task = task;
        tokio::select! {
            () = self.cancel.cancelled() => Err(Wrong::Interrupted),
            ran = &mut task => ran.map_err(|panic| Wrong::failed(panic.to_string())),
            // It keeps running, and ends with its session.
            () = tokio::time::sleep(within) => self.no_answer(node, within).await,
        }
    }

    /// The statement that runs in a session.
    pub(super) async fn running_in(
        &self,
        name: &SessionName,
    ) -> Tried<(NodeName, JoinHandle<Ran>)> {
        let mut sessions = self.sessions.lock().await;
        let session = sessions.get_mut(name);
        let end = session.as_ref().and_then(|session| session.client.end());
        let running = session.and_then(|session| {
            let running = session.running.take()?;
            Some((session.node.clone(), running))
        });
        running.ok_or_else(|| {
            let why = end.map_or_else(String::new, |end| format!(": its connection ended: {end}"));
            Wrong::failed(format!("no statement is running in session `{name}`{why}"))
        })
    }

    /// Ends the load or the ledger of a session, if it has one.
    pub(super) async fn end_load(&self, name: &SessionName) -> Option<Tried> {
        if let Some(task) = self.loads.lock().await.remove(name) {
            task.abort();
            self.end_loads().await;
            return Some(Ok("the load is ended".to_owned()));
        }
        self.finish_ledger(name).await
    }

    /// Closes all sessions. The lab may be kept, and nothing of ours may keep running in it.
    pub(super) async fn close_sessions(&self) {
        for (_, session) in std::mem::take(&mut *self.sessions.lock().await) {
            self.end(session).await;
        }
        for client in std::mem::take(&mut *self.left.lock().await) {
            client.cancel().await;
            client.close().await;
        }
        self.close_readers().await;
        let loads = std::mem::take(&mut *self.loads.lock().await);
        if !loads.is_empty() {
            for task in loads.into_values() {
                task.abort();
            }
            self.end_loads().await;
        }
    }

    /// Ends a session and its statement: a server does not notice that its client is gone.
    pub(super) async fn end(&self, session: Session) {
        let last = session.last.filter(|task| !task.is_finished());
        if last.is_some() && !session.client.is_closed() {
            let sql = format!("SELECT pg_terminate_backend({})", literal(&session.pid));
            self.tell(&session.node, &sql).await;
        }
        if let Some(task) = last {
            task.abort();
        }
        // A statement that was aborted may still hold it for a moment.
        if let Some(client) = Arc::into_inner(session.client) {
            client.close().await;
        }
    }

    /// Ends every `pgbench`.
    async fn end_loads(&self) {
        let command = ["sh", "-c", END_PGBENCH].map(str::to_owned);
        for node in &self.lab.plan.nodes {
            if let Ok(container) = self.running(&node.name).await {
                let ended = self.lab.engine.exec(&container.id, &command, &[]);
                let ended = tokio::time::timeout(TELLING, ended).await;
                tracing::debug!(node = %node.name, ?ended, "ended pgbench");
            }
        }
    }

    /// Runs a statement on a server, and ignores a server that is down or frozen.
    async fn tell(&self, node: &NodeName, sql: &str) {
        let telling = tokio::time::timeout(TELLING, self.ask(node, sql));
        if !matches!(telling.await, Ok(Ok(_))) {
            tracing::debug!(%node, sql, "not told");
        }
    }
}

/// Whether a session's statement is in the expected state. `seen` is its state and its wait event: `active: IPC: SyncRep`.
fn goes_on(expect: &Expect, seen: &str) -> Probe<String> {
    let (state, event) = seen.split_once(": ").unwrap_or((seen, ""));
    match &expect.waiting {
        None if state == "active" && event.is_empty() => Probe::Ready("running".to_owned()),
        None if state == "active" => Probe::Ready(format!("running, waits for {event}")),
        None => Probe::NotYet(format!("the session is {state}")),
        Some(wanted)
            if event
                .split(": ")
                .any(|part| part.eq_ignore_ascii_case(wanted)) =>
        {
            Probe::Ready(format!("waits for {event}"))
        }
        Some(_) if event.is_empty() => Probe::NotYet("it waits for nothing".to_owned()),
        Some(_) => Probe::NotYet(format!("it waits for {event}")),
    }
}

/// The failure of a step whose session had lost its connection before.
fn ended_before(name: &SessionName, wrong: Wrong) -> Wrong {
    match wrong {
        Wrong::Unmet { expected, found } => Wrong::Unmet {
            expected,
            found: format!("the connection of session `{name}` had already ended: {found}"),
        },
        wrong => wrong,
    }
}
