//! One node's container: created, attached to, started, given its files, and waited for.

mod ended;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::{Container, ContainerSpec, ContainerState, Engine, Limits, Publish, Volume};
use crate::event::{Event, Phase, Progress, ProgressUnit};
use crate::image::Found;
use crate::name::{NodeName, Secret};
use crate::plan::{Plan, PlannedNode, Role};
use crate::server::client::{self, Doing as _, Door, Noticing, Reader, SearchPath};
use crate::server::conf::Setting;
use crate::server::entries::{Entry, Form, entries};
use crate::server::{PORT, command, log};
use crate::wait::{Probe, WaitError, wait_for};

use super::HOST;
use super::backup::Backup;
use super::clock::Clock;
use super::console::{Console, Input, Stage};
use super::error::{LabError, Late};
use super::labels::{self, Claim};
use super::populate::DatasetError;
use super::{claim, disk, server_log, template, volume};
use ended::{Subject, ended, is_final};

/// The script that the container runs.
const START: &str = concat!(
    include_str!("../../images/node/replacement.sh"),
    include_str!("../../images/node/cluster.sh"),
    include_str!("../../images/node/start.sh")
);

/// Bytes of `/dev/shm`, which parallel queries use (`dynamic_shared_memory_type = posix`).
const SHM_BYTES: u64 = 256 << 20;

/// Number of lines of a node's log that an error shows.
pub(super) const LOG_TAIL: usize = 20;

/// A container that runs and whose server has not started yet.
#[derive(Debug)]
pub(super) struct Starting {
    engine: Engine,
    pub(super) name: NodeName,
    pub(super) id: String,
    /// Its address inside the lab's network, as the engine says.
    pub(super) address: Ipv4Addr,
    pub(super) port: u16,
    /// The origin of its data directory.
    pub(super) backup: Backup,
    /// The superuser's password, if the server asks this host for it.
    password: Option<Arc<Secret>>,
    settings: Vec<Setting>,
    console: Console,
    input: Input,
}

/// Creates the node's volume and container and starts it. Its server waits for [`Starting::configure`].
pub(super) async fn start(
    engine: &Engine,
    (plan, claim): (&Plan, &Claim),
    node: &PlannedNode,
    found: &Found,
    address: Option<Ipv4Addr>,
    (clock, password): (&Clock, Option<Arc<Secret>>),
) -> Result<Starting, LabError> {
    let name = labels::node_object(&plan.lab, &node.name);
    let labels = labels::of_node(claim, &node.name);
    let volume = Volume {
        name: name.clone(),
        labels,
    };
    let volume = match node.disk {
        Some(bytes) => disk::create(engine, claim, node, &volume, bytes, found).await?,
        None => engine.create_volume(&volume).await?,
    };
    if let Some(by) = claim::other_holder(claim, &volume) {
        return Err(LabError::Taken {
            lab: plan.lab.clone(),
            by,
        });
    }
    let backup = Backup::of(plan, node);
    let spec = spec((plan, claim), node, &backup, found, address, name);
    let id = engine.create_container(&spec).await?;
    let attached = engine.attach(&id).await?;
    let (console, input) = Console::read(attached, backup_bar(clock.clone(), node.name.clone()));
    engine.start_container(&id).await?;
    let container = engine.find_container(&id).await?;
    let Some(Container {
        address: Some(address),
        port: Some(port),
        ..
    }) = container
    else {
        let act = format!("starting the container of `{}`", node.name);
        let subject = Subject {
            name: &node.name,
            settings: &node.settings,
            console: &console,
        };
        return Err(ended(engine, act, &id, subject).await);
    };
    Ok(Starting {
        engine: engine.clone(),
        name: node.name.clone(),
        id,
        address,
        port,
        backup,
        password,
        settings: node.settings.clone(),
        console,
        input,
    })
}

/// The progress bar of a base backup, which the output of `pg_basebackup` moves.
fn backup_bar(clock: Clock, node: NodeName) -> impl Fn(&str) + Send + 'static {
    move |line| {
        if let Some((done, total)) = log::backup_progress(line) {
            let progress = Progress {
                subject: node.to_string(),
                done: done << 10,
                total: Some(total << 10),
                unit: ProgressUnit::Bytes,
            };
            clock.report(&Event::Progress(Phase::BaseBackup, progress));
        }
    }
}

fn spec(
    (plan, claim): (&Plan, &Claim),
    node: &PlannedNode,
    backup: &Backup,
    found: &Found,
    address: Option<Ipv4Addr>,
    name: String,
) -> ContainerSpec {
    let mut command: Vec<String> = ["sh", "-c", START, "lab-node", node.name.as_str()]
        .map(str::to_owned)
        .into();
    command.push(backup.sharers().to_string());
    command.push(template::number(plan, &node.name).to_string());
    let own = labels::of_node(claim, &node.name);
    let mut mounts = volume::of_node(&name, &own, &found.image);
    let user = &plan.replication_user.name;
    match (&node.role, &node.restored_from) {
        (Role::Primary, Some(source)) => {
            command.extend(command::base_backup(
                source, user, &node.name, None, plan.tls,
            ));
        }
        (Role::Primary, None) => {
            command.extend(command::INITDB.map(str::to_owned));
            mounts.push(template::mount(&found.image.id));
        }
        (Role::Standby(standby), _) => {
            command.extend(command::base_backup(
                &standby.upstream,
                user,
                &node.name,
                standby.slot.as_ref(),
                plan.tls,
            ));
            mounts.extend(backup.mount(claim));
        }
    }
    mounts.extend(super::archive::mount(plan, claim));
    ContainerSpec {
        name,
        hostname: node.name.to_string(),
        image: found.reference.clone(),
        user: "postgres".to_owned(),
        command,
        // Our image has it in its path. Others may not: Debian's packages keep it out of the path.
        env: vec![
            format!("PATH={}", path(found)),
            format!("PGDATA={}", command::PGDATA),
        ],
        network: Some(labels::network_object(claim)),
        address,
        publish: Some(Publish {
            port: PORT,
            host_port: node.port,
        }),
        mounts,
        limits: Limits {
            memory: node.limits.memory,
            cpus: node.limits.cpus,
            pids: node.limits.pids,
        },
        shm_bytes: SHM_BYTES,
        labels: own,
        stdin: true,
        power: None,
    }
}

/// The image's own path, after Debian's directory of the major version's programs.
pub(super) fn path(found: &Found) -> String {
    let own = found
        .image
        .env
        .iter()
        .find_map(|pair| pair.strip_prefix("PATH="));
    let own = own.unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    found.major.map_or_else(
        || own.to_owned(),
        |major| format!("/usr/lib/postgresql/{major}/bin:{own}"),
    )
}

impl Starting {
    /// Sends the node its files, which starts its server.
    pub(super) async fn configure(&mut self, frame: &[u8]) -> Result<(), LabError> {
        if self.input.send(frame).await.is_ok() {
            return Ok(());
        }
        Err(self.ended(format!("configuring `{}`", self.name)).await)
    }

    fn door(&self) -> Door<'_> {
        Door {
            password: self.password.as_deref(),
            ..Door::trusted(HOST, self.port)
        }
    }

    /// Waits until the container's output shows that it has reached a stage.
    pub(super) async fn reached(
        &self,
        wanted: Stage,
        act: &str,
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let reached = tokio::select! {
            () = cancel.cancelled() => return Err(LabError::Interrupted),
            reached = self.console.reached(wanted) => reached,
        };
        if reached {
            Ok(())
        } else {
            Err(self.ended(act.to_owned()).await)
        }
    }

    /// Waits until the server takes connections to `database`, and connects.
    pub(super) async fn connect(
        &self,
        database: &str,
        within: Duration,
        cancel: &CancellationToken,
    ) -> Result<Reader, LabError> {
        let act = format!("starting `{}`", self.name);
        let connecting = || {
            wait_for(within, cancel, || async {
                match Reader::connect(self.door(), database, SearchPath::Users).await {
                    Ok(client) => Ok(Probe::Ready(client)),
                    Err(error) if is_final(&error) => Err(error),
                    Err(error) => Ok(Probe::NotYet(error.to_string())),
                }
            })
        };
        // The server's output ends a pause between two attempts early. Nothing relies on it: a setting may send the log
        // elsewhere.
        // Both may be so at once. What the console says decides then, so that a server that ended is not waited for.
        let early = tokio::select! {
            biased;
            accepting = self.console.reached(Stage::Accepting) => {
                if !accepting {
                    return Err(self.ended(act).await);
                }
                None
            }
            connected = connecting() => Some(connected),
        };
        let connected = if let Some(connected) = early {
            connected
        } else {
            tokio::select! {
                connected = connecting() => connected,
                () = self.console.ended() => return Err(self.ended(act).await),
            }
        };
        connected.map_err(|error| match error {
            WaitError::Interrupted => LabError::Interrupted,
            WaitError::Failed(error) => self.subject().refuses(act, &error),
            error @ WaitError::Limit { .. } => LabError::Late {
                act,
                seen: Late(error.to_string()),
                log: self.console.tail(LOG_TAIL),
            },
        })
    }

    /// Connects to a server that takes connections, with the settings that a user's program would see.
    pub(super) async fn connect_as_user(&self, database: &str) -> Result<Noticing, LabError> {
        let connected = client::connect(self.door(), database).await;
        let connected = connected.doing(|| format!("connecting to `{}`", self.name));
        Ok(connected?)
    }

    /// Waits until the container has ended with exit code 0.
    pub(super) async fn done(
        &self,
        act: String,
        within: Duration,
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let ended = wait_for(within, cancel, || async {
            let found = self.engine.find_container(&self.id).await?;
            Ok(match found {
                Some(found) if found.state == ContainerState::Running => {
                    Probe::NotYet("its container runs".to_owned())
                }
                found => Probe::Ready(found.and_then(|found| found.exit_code)),
            })
        });
        let ended = ended.await.map_err(|error| match error {
            WaitError::Interrupted => LabError::Interrupted,
            WaitError::Failed(error) => LabError::Engine(error),
            error @ WaitError::Limit { .. } => LabError::Late {
                act: act.clone(),
                seen: Late(error.to_string()),
                log: self.console.tail(LOG_TAIL),
            },
        })?;
        match ended {
            Some(0) => Ok(()),
            _ => Err(self.ended(act).await),
        }
    }

    /// The messages of its server, as far as they are kept.
    pub(super) async fn entries(&self, prefix: &str) -> Vec<Entry> {
        let output = self.console.tail(usize::MAX).join("\n");
        let collected = server_log::collected(&self.engine, &self.id, &output).await;
        let collected = collected.map(|file| (file.form, file.text));
        let (form, text) = collected.unwrap_or((Form::Text, output));
        entries(&text, form, prefix)
    }

    /// The last lines that the container wrote.
    pub(super) fn tail(&self) -> Vec<String> {
        self.console.tail(LOG_TAIL)
    }

    async fn ended(&self, act: String) -> LabError {
        ended(&self.engine, act, &self.id, self.subject()).await
    }

    /// The error of a dataset whose connection ended: the same, or why the server ended it.
    pub(super) async fn lost(&self, error: DatasetError) -> LabError {
        match ended::lost(&self.engine, &self.id).await {
            Some(how) => self.subject().failed(error.to_string(), how),
            None => error.into(),
        }
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            name: &self.name,
            settings: &self.settings,
            console: &self.console,
        }
    }
}

#[cfg(test)]
mod tests;
