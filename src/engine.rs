//! What we need of a container engine, in our words.
//!
//! Owns the trait and the values that cross it. [`docker`] is the only place that names bollard, [`fake`] is
//! an engine in memory with scripted failures. Nothing here assumes that there is one host.

pub mod docker;
pub mod fake;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::pin::Pin;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::failure::Explain;

/// Labels of an object: key to value.
pub type Labels = BTreeMap<String, String>;

/// The label that everything made by `lab` carries; its value is the lab's name.
pub const LAB_LABEL: &str = "dev.replication-lab.lab";

/// What went wrong, as far as a decision hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineErrorKind {
    /// Nothing answers where the engine should be.
    Unreachable,
    /// The engine's socket is there and may not be opened.
    PermissionDenied,
    /// `DOCKER_HOST` is not an address.
    BadAddress,
    /// The object does not exist.
    NotFound,
    /// The object exists already, is in use, or is in the wrong state.
    Conflict,
    /// The engine could not do it just now, changed nothing, and may do it in a moment.
    Busy,
    /// The network's addresses overlap with another's.
    AddressOverlap,
    /// The engine has no addresses left to give to a network.
    AddressesExhausted,
    /// The port that a container wants on the host has another holder.
    PortTaken,
    /// A disk is full.
    NoSpace,
    /// A registry did not answer, or would not give the image.
    Registry,
    /// Anything else; the source says it.
    Other,
}

/// A call to the engine that failed.
#[derive(Debug, thiserror::Error)]
#[error("{act}")]
pub struct EngineError {
    /// What was being done: "creating the network `lab-a`".
    pub act: String,
    /// What a caller may decide by.
    pub kind: EngineErrorKind,
    /// The engine's own words.
    #[source]
    pub source: EngineCause,
}

/// The engine's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineCause(pub String);

impl Explain for EngineError {
    fn hint(&self) -> Option<String> {
        let hint = match self.kind {
            EngineErrorKind::Unreachable => {
                "is Docker running? start it (`systemctl start docker`), or point DOCKER_HOST at it; `lab doctor` looks closer"
            }
            EngineErrorKind::PermissionDenied => {
                "your user may not open Docker's socket: `sudo usermod -aG docker $USER`, then log in again"
            }
            EngineErrorKind::BadAddress => {
                "DOCKER_HOST must be unix:///path, tcp://host:port or ssh://user@host; unset it for the default"
            }
            EngineErrorKind::AddressesExhausted | EngineErrorKind::AddressOverlap => {
                "other networks hold the addresses: `lab list` shows the labs, `lab gc` removes what crashed ones left, `docker network prune` what others left"
            }
            EngineErrorKind::PortTaken => {
                "another program or lab has that port: choose another one, or leave `port` out and Docker chooses a free one"
            }
            EngineErrorKind::NoSpace => {
                "free some room where Docker keeps its data: `docker system df` shows what takes it"
            }
            EngineErrorKind::Registry
            | EngineErrorKind::NotFound
            | EngineErrorKind::Conflict
            | EngineErrorKind::Busy
            | EngineErrorKind::Other => return None,
        };
        Some(hint.to_owned())
    }
}

/// The engine, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The engine's version: `20.10.24`.
    pub version: String,
    /// The API version that was agreed on: `1.41`.
    pub api: String,
    /// The operating system behind it: `Debian GNU/Linux 12 (bookworm)`.
    pub system: String,
    /// Where its data lies on its host: `/var/lib/docker`.
    pub root: String,
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its content's identity: `sha256:…`.
    pub id: String,
    /// The names it goes by: `postgres:17`.
    pub tags: Vec<String>,
    /// Its labels.
    pub labels: Labels,
    /// `KEY=VALUE` of its environment.
    pub env: Vec<String>,
    /// The paths that it declares as volumes.
    pub volumes: Vec<String>,
    /// Its size in bytes.
    pub bytes: u64,
}

/// How far a layer of an image has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerProgress {
    /// The layer's short identity.
    pub layer: String,
    /// The engine's word for what it does: `Downloading`.
    pub status: String,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

/// A network to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Its name: `lab-NAME`.
    pub name: String,
    /// Its addresses in CIDR notation; the engine's choice where absent.
    pub subnet: Option<String>,
    /// Its labels.
    pub labels: Labels,
}

/// A network that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The engine's identity for it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its addresses in CIDR notation.
    pub subnet: Option<String>,
    /// The address under which the host appears to containers.
    pub gateway: Option<Ipv4Addr>,
    /// Its labels.
    pub labels: Labels,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
}

/// A volume in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// Where it is in the container.
    pub target: String,
    /// Whether the container may only read it.
    pub read_only: bool,
    /// The labels it gets if it is made now.
    pub labels: Labels,
}

/// A TCP port of a container on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// The container's port.
    pub port: u16,
    /// The host's; the engine's choice where absent.
    pub host_port: Option<u16>,
}

impl Publish {
    /// At a port of the engine's choice.
    #[must_use]
    pub fn anywhere(port: u16) -> Self {
        Self {
            port,
            host_port: None,
        }
    }
}

/// The right to change a network: the one power that a container can have. No node has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkPower {
    /// Over a network of its own, in which nobody else is.
    Own,
    /// Over that of a running container, by identity: it is in the same one, and only as long as that runs.
    Of(String),
}

/// A container to make. It always runs with `no-new-privileges` and all capabilities dropped, but for what `power` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    /// Its name: `lab-NAME-NODE`.
    pub name: String,
    /// Its name inside the network.
    pub hostname: String,
    /// The image's identity or name.
    pub image: String,
    /// The user inside it.
    pub user: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// `KEY=VALUE`; no secrets.
    pub env: Vec<String>,
    /// The network's name.
    pub network: Option<String>,
    /// The address it asks for; the engine's choice where absent.
    pub address: Option<Ipv4Addr>,
    /// The TCP port to publish on 127.0.0.1.
    pub publish: Option<Publish>,
    /// Volumes.
    pub mounts: Vec<Mount>,
    /// Bytes of `/dev/shm`.
    pub shm_bytes: u64,
    /// Its labels.
    pub labels: Labels,
    /// Whether its standard input stays open until the first client has left.
    pub stdin: bool,
    /// The network that it may change.
    pub power: Option<NetworkPower>,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// Made and not started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Between exit and start.
    Restarting,
    /// Ended.
    Exited,
    /// The engine lost it.
    Dead,
}

impl ContainerState {
    /// The state as Docker writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::Dead => "dead",
        }
    }
}

/// A container that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The engine's identity for it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: ContainerState,
    /// How it ended, when it did.
    pub exit_code: Option<i64>,
    /// The image's name as asked for.
    pub image: String,
    /// Its address in its lab's network; while it does not run, the one that it asks for.
    pub address: Option<Ipv4Addr>,
    /// The host's port for its published port, while it runs.
    pub port: Option<u16>,
    /// Its labels, and its image's where it has none of that key.
    pub labels: Labels,
}

/// A program that ran in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// Its exit code.
    pub code: i64,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// A line of talk with a container's main process.
pub struct Attached {
    /// Its standard input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Its standard output and error from now on, as they come.
    pub output: Pin<Box<dyn Stream<Item = Result<Vec<u8>, EngineError>> + Send>>,
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attached").finish_non_exhaustive()
    }
}

/// Which objects are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Those with this label, whatever its value.
    Label(String),
    /// Those with this label and value.
    LabelValue(String, String),
}

impl Selector {
    /// Everything that `lab` made for any lab.
    #[must_use]
    pub fn any_lab() -> Self {
        Self::Label(LAB_LABEL.to_owned())
    }

    /// Everything of one lab.
    #[must_use]
    pub fn lab(name: &crate::name::LabName) -> Self {
        Self::LabelValue(LAB_LABEL.to_owned(), name.to_string())
    }

    /// Whether an object with these labels is meant.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::Label(key) => labels.contains_key(key),
            Self::LabelValue(key, value) => labels.get(key) == Some(value),
        }
    }
}

/// The container engine that a lab is made on. Clones share it.
///
/// Every method is one call and takes effect once. Errors say what was being done and carry a kind to decide by.
///
/// ```no_run
/// use replication_lab::engine::Engine;
///
/// # async fn example() -> Result<(), replication_lab::engine::EngineError> {
/// let engine = Engine::connect().await?;
/// assert!(engine.find_image("postgres:17").await?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub enum Engine {
    /// Docker, or what answers like it.
    Docker(docker::Docker),
    /// An engine in memory, for tests.
    Fake(fake::Fake),
}

impl From<docker::Docker> for Engine {
    fn from(docker: docker::Docker) -> Self {
        Self::Docker(docker)
    }
}

impl From<fake::Fake> for Engine {
    fn from(fake: fake::Fake) -> Self {
        Self::Fake(fake)
    }
}

/// The same call on whichever engine it is. Boxed: a call to an engine is milliseconds, and its future would otherwise lie in
/// that of everybody who makes one.
macro_rules! on {
    ($engine:expr, $it:ident => $call:expr) => {
        match $engine {
            Engine::Docker($it) => Box::pin($call).await,
            Engine::Fake($it) => Box::pin($call).await,
        }
    };
}

impl Engine {
    /// Connects to Docker as `DOCKER_HOST` says.
    ///
    /// # Errors
    /// When nothing answers there, or this user may not ask.
    pub async fn connect() -> Result<Self, EngineError> {
        docker::Docker::connect().await.map(Self::Docker)
    }

    /// Who answers.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn info(&self) -> Result<EngineInfo, EngineError> {
        on!(self, it => it.info())
    }

    /// The image of that name or identity, if the engine has it.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn find_image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        on!(self, it => it.find_image(reference))
    }

    /// Every image that is meant. Their `env` and `volumes` are empty: only [`Engine::find_image`] tells them.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn images(&self, which: &Selector) -> Result<Vec<Image>, EngineError> {
        on!(self, it => it.images(which))
    }

    /// Fetches an image from its registry; dropping the future gives up.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn pull_image(
        &self,
        reference: &str,
        progress: &(dyn Fn(LayerProgress) + Send + Sync),
    ) -> Result<(), EngineError> {
        on!(self, it => it.pull_image(reference, progress))
    }

    /// Makes an image of a root file system's tar. `changes` are Dockerfile instructions.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        tar: Box<dyn AsyncRead + Send + Unpin>,
    ) -> Result<(), EngineError> {
        on!(self, it => it.import_image(reference, changes, tar))
    }

    /// Removes an image; one that is not there is removed already.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_image(reference))
    }

    /// Makes a network. A name that another has is a [`EngineErrorKind::Conflict`]; but Docker before version 25 does not
    /// hold two back that are made in the same moment. Who must have a name for himself claims it with a volume first.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn create_network(&self, network: &NetworkSpec) -> Result<Network, EngineError> {
        on!(self, it => it.create_network(network))
    }

    /// Every network that is meant, or every one there is.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn networks(&self, which: Option<&Selector>) -> Result<Vec<Network>, EngineError> {
        on!(self, it => it.networks(which))
    }

    /// Removes a network, by identity; one that is not there is removed already.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_network(id))
    }

    /// Makes a volume. One of that name that exists is returned as it is, with the labels that it has.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn create_volume(&self, volume: &Volume) -> Result<Volume, EngineError> {
        on!(self, it => it.create_volume(volume))
    }

    /// Makes a volume as [`Engine::create_volume`] does, in memory and with room for so many bytes. What is in it lives as
    /// long as a running container has it.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn create_disk(&self, volume: &Volume, bytes: u64) -> Result<Volume, EngineError> {
        on!(self, it => it.create_disk(volume, bytes))
    }

    /// Every volume that is meant.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn volumes(&self, which: &Selector) -> Result<Vec<Volume>, EngineError> {
        on!(self, it => it.volumes(which))
    }

    /// Removes a volume; one that is not there is removed already.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_volume(name))
    }

    /// Makes a container and returns its identity.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn create_container(&self, container: &ContainerSpec) -> Result<String, EngineError> {
        on!(self, it => it.create_container(container))
    }

    /// Starts a container.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn start_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.start_container(id))
    }

    /// Freezes every process of a container; [`EngineErrorKind::Busy`] when some process would not be frozen just now.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn pause_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.pause_container(id))
    }

    /// Sends a signal to a container's main process: `SIGINT`. `SIGKILL` ends all its processes.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn signal_container(&self, id: &str, signal: &str) -> Result<(), EngineError> {
        on!(self, it => it.signal_container(id, signal))
    }

    /// Lets a frozen container go on.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn unpause_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.unpause_container(id))
    }

    /// Removes a container in whatever state it is, with its anonymous volumes; returns when it is gone, whoever
    /// else removes it.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_container(id))
    }

    /// The container of that name or identity, if there is one.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn find_container(&self, id: &str) -> Result<Option<Container>, EngineError> {
        on!(self, it => it.find_container(id))
    }

    /// Every container that is meant, in any state.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn containers(&self, which: &Selector) -> Result<Vec<Container>, EngineError> {
        on!(self, it => it.containers(which))
    }

    /// Talks with a container's main process; to be called before it is started, so that nothing is missed.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn attach(&self, id: &str) -> Result<Attached, EngineError> {
        on!(self, it => it.attach(id))
    }

    /// The last lines that a container wrote.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn logs(&self, id: &str, tail: Option<usize>) -> Result<String, EngineError> {
        on!(self, it => it.logs(id, tail))
    }

    /// The content of a file in a container, whatever state that is in; [`EngineErrorKind::NotFound`] where there is no
    /// such container or file.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn read_file(&self, id: &str, path: &str) -> Result<Vec<u8>, EngineError> {
        on!(self, it => it.read_file(id, path))
    }

    /// Runs a program in a running container to its end, with `input` on its standard input.
    ///
    /// A program that cannot be started is an error, or exit code 126 or 127 with the reason on its output, as the
    /// engine's version has it.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn exec(
        &self,
        id: &str,
        command: &[String],
        input: &[u8],
    ) -> Result<ExecOutput, EngineError> {
        on!(self, it => it.exec(id, command, input))
    }
}
