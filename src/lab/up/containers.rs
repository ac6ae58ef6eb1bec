//! The containers of a lab: the order in which they start, and the next steps of each.

use std::net::Ipv4Addr;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::future::try_join_all;
use futures_util::stream;
use tokio::task::JoinSet;

use crate::event::{Event, Phase};
use crate::lab::error::LabError;
use crate::lab::node::{self, Starting};
use crate::lab::service::{self, Started};
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedService, Role};

use super::build::{Build, Meeting};

/// Number of containers that start at once. More would only wait for each other inside the engine.
const STARTS_AT_ONCE: usize = 3;

/// A container to be started.
#[derive(Debug)]
enum Host {
    Node(Box<PlannedNode>),
    Service(PlannedService),
}

/// A container that runs.
enum StartedHost {
    Node(Box<PlannedNode>, Box<Starting>),
    Service(Started),
}

impl Build {
    /// Starts every container and brings every node up, each in a task of its own. Returns the services that were
    /// started.
    pub(super) async fn nodes(&self, meeting: &Arc<Meeting>) -> Result<Vec<Started>, LabError> {
        self.expect_phases();
        let mut tasks = JoinSet::new();
        for hosts in self.in_order() {
            let starts = hosts.into_iter().map(|host| self.start(host, meeting));
            let mut starts = stream::iter(starts).buffer_unordered(STARTS_AT_ONCE);
            while let Some(running) = starts.next().await {
                let (build, meeting) = (self.clone(), Arc::clone(meeting));
                tasks.spawn(async move {
                    let ended = build.bring_up(running, &meeting).await;
                    if ended.is_err() {
                        build.stop.cancel();
                    }
                    ended
                });
            }
        }
        let services = self.all(tasks).await?;
        Ok(services.into_iter().flatten().collect())
    }

    /// Primaries first, because everybody waits for their data. Nodes that start later come last.
    fn in_order(&self) -> [Vec<Host>; 2] {
        let nodes = self.plan.nodes.iter().cloned().map(Box::new);
        let (later, now): (Vec<_>, Vec<_>) = nodes.partition(|node| node.later);
        let (primaries, standbys): (Vec<_>, Vec<_>) =
            now.into_iter().partition(|node| node.role == Role::Primary);
        let services = self.plan.services.iter().cloned().map(Host::Service);
        let standbys = standbys.into_iter().map(Host::Node);
        let later = later.into_iter().map(Host::Node);
        [
            primaries.into_iter().map(Host::Node).collect(),
            standbys.chain(services).chain(later).collect(),
        ]
    }

    fn expect_phases(&self) {
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
    }

    /// Starts a container at the address that is assigned to it.
    async fn start(&self, host: Host, meeting: &Meeting) -> Result<StartedHost, LabError> {
        let started = async {
            self.go_on()?;
            match host {
                Host::Node(planned) => {
                    let (found, name) = (self.image(&planned), &planned.name);
                    let asked = meeting.places.asked(name);
                    let (engine, clock) = (&self.engine, &self.clock);
                    let starting = node::start(
                        engine,
                        (&self.plan, &self.claim),
                        &planned,
                        found,
                        asked,
                        (clock, self.password.clone()),
                    )
                    .await?;
                    self.found(name, starting.address, meeting).await;
                    Ok(StartedHost::Node(planned, Box::new(starting)))
                }
                Host::Service(planned) => {
                    let found = &self.images[&super::image_of(planned.name)];
                    let host = planned.name.host();
                    let asked = meeting.places.asked(&host);
                    let started = service::start(
                        &self.engine,
                        (&self.plan, &self.claim),
                        &planned,
                        found,
                        asked,
                    )
                    .await?;
                    self.found(&host, started.address, meeting).await;
                    Ok(StartedHost::Service(started))
                }
            }
        };
        self.clock.time(Phase::Containers, started).await
    }

    /// Compares a host's address with the one that was asked for.
    async fn found(&self, host: &NodeName, address: Ipv4Addr, meeting: &Meeting) {
        if !meeting.places.found(host, address).await {
            let said = format!("has the address {address}, which the engine chose");
            self.clock.report(&Event::Node(host.clone(), said));
        }
    }

    /// Brings a host up once its container runs.
    async fn bring_up(
        &self,
        running: Result<StartedHost, LabError>,
        meeting: &Meeting,
    ) -> Result<Option<Started>, LabError> {
        let (planned, starting) = match running? {
            StartedHost::Service(started) => return Ok(Some(started)),
            StartedHost::Node(planned, starting) => (planned, *starting),
        };
        match &planned.role {
            _ if planned.later => self.later(starting, &planned, meeting).await?,
            Role::Primary => self.primary(starting, &planned, meeting).await?,
            Role::Standby(standby) => self.standby(starting, &planned, standby, meeting).await?,
        }
        Ok(None)
    }

    /// Sends a node that starts later its files. Its container then ends, and its next start is the node's first.
    async fn later(
        &self,
        mut starting: Starting,
        planned: &PlannedNode,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        self.configure(&mut starting, planned, meeting).await?;
        let act = format!("giving `{}` its files", planned.name);
        starting.done(act, self.within, &self.stop).await?;
        let said = "starts later".to_owned();
        self.clock.report(&Event::Node(planned.name.clone(), said));
        Ok(())
    }

    /// Waits for every task. The first failure stops the others, which end at their next wait. None is aborted: its
    /// container could be left behind.
    async fn all<T: 'static>(
        &self,
        mut tasks: JoinSet<Result<T, LabError>>,
    ) -> Result<Vec<T>, LabError> {
        let mut done = Vec::new();
        let mut failed: Option<LabError> = None;
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.unwrap_or_else(|panic| {
                self.stop.cancel();
                Err(LabError::Task(panic.to_string()))
            });
            match ended {
                Ok(value) => done.push(value),
                // A task that stopped because another failed is not the reason.
                Err(error) if failed.as_ref().is_none_or(LabError::is_interrupt) => {
                    failed = Some(error);
                }
                Err(_) => {}
            }
        }
        failed.map_or(Ok(done), Err)
    }

    /// Waits until every service answers.
    pub(super) async fn answering(&self, services: &[Started]) -> Result<(), LabError> {
        if services.is_empty() {
            return Ok(());
        }
        let each = services.iter().map(|started| async move {
            let url = service::answers(&self.engine, started, self.within, &self.stop).await?;
            let said = format!("answers at {url}");
            self.clock.report(&Event::Node(started.name.host(), said));
            Ok(())
        });
        let all = async { try_join_all(each).await.map(drop) };
        self.clock.time(Phase::Services, all).await
    }
}
