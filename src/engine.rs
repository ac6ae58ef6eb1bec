//! What we need of a container engine, in our words.
//!
//! Owns the trait and the values that cross it. [`docker`] is the only place that names bollard, [`fake`] is
//! an engine in memory with scripted failures. Nothing here assumes that there is one host.

pub mod docker;
pub mod fake;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite};

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

impl EngineError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self.kind {
            EngineErrorKind::Unreachable => Some(
                "is Docker running? start it (`systemctl start docker`), or point DOCKER_HOST at it; `lab doctor` looks closer",
            ),
            EngineErrorKind::PermissionDenied => Some(
                "your user may not open Docker's socket: `sudo usermod -aG docker $USER`, then log in again",
            ),
            EngineErrorKind::BadAddress => Some(
                "DOCKER_HOST must be unix:///path, tcp://host:port or ssh://user@host; unset it for the default",
            ),
            EngineErrorKind::AddressesExhausted | EngineErrorKind::AddressOverlap => Some(
                "other networks hold the addresses: `lab list` shows the labs, `lab gc` removes what crashed ones left, `docker network prune` what others left",
            ),
            EngineErrorKind::PortTaken => Some(
                "another program or lab has that port: choose another one, or leave `port` out and Docker chooses a free one",
            ),
            EngineErrorKind::NoSpace => Some(
                "free some room where Docker keeps its data: `docker system df` shows what takes it",
            ),
            EngineErrorKind::Registry
            | EngineErrorKind::NotFound
            | EngineErrorKind::Conflict
            | EngineErrorKind::Busy
            | EngineErrorKind::Other => None,
        }
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

/// The verbs of a container engine that a lab is made of.
///
/// Every method is one call and takes effect once. Errors say what was being done and carry a kind to decide by.
pub trait Engine: Clone + Send + Sync + 'static {
    /// Who answers.
    fn info(&self) -> impl Future<Output = Result<EngineInfo, EngineError>> + Send;

    /// The image of that name or identity, if the engine has it.
    fn find_image(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Option<Image>, EngineError>> + Send;
    /// Every image that is meant. Their `env` and `volumes` are empty: only [`Engine::find_image`] tells them.
    fn images(
        &self,
        which: &Selector,
    ) -> impl Future<Output = Result<Vec<Image>, EngineError>> + Send;
    /// Fetches an image from its registry; dropping the future gives up.
    fn pull_image(
        &self,
        reference: &str,
        progress: impl Fn(LayerProgress) + Send + Sync,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Makes an image of a root file system's tar. `changes` are Dockerfile instructions.
    fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        tar: impl AsyncRead + Send + Unpin + 'static,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Removes an image; one that is not there is removed already.
    fn remove_image(&self, reference: &str)
    -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Makes a network. A name that another has is a [`EngineErrorKind::Conflict`]; but Docker before version 25 does not
    /// hold two back that are made in the same moment. Who must have a name for himself claims it with a volume first.
    fn create_network(
        &self,
        network: &NetworkSpec,
    ) -> impl Future<Output = Result<Network, EngineError>> + Send;
    /// Every network that is meant, or every one there is.
    fn networks(
        &self,
        which: Option<&Selector>,
    ) -> impl Future<Output = Result<Vec<Network>, EngineError>> + Send;
    /// Removes a network, by identity; one that is not there is removed already.
    fn remove_network(&self, id: &str) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Makes a volume. One of that name that exists is returned as it is, with the labels that it has.
    fn create_volume(
        &self,
        volume: &Volume,
    ) -> impl Future<Output = Result<Volume, EngineError>> + Send;
    /// Makes a volume as [`Engine::create_volume`] does, in memory and with room for so many bytes. What is in it lives as
    /// long as a running container has it.
    fn create_disk(
        &self,
        volume: &Volume,
        bytes: u64,
    ) -> impl Future<Output = Result<Volume, EngineError>> + Send;
    /// Every volume that is meant.
    fn volumes(
        &self,
        which: &Selector,
    ) -> impl Future<Output = Result<Vec<Volume>, EngineError>> + Send;
    /// Removes a volume; one that is not there is removed already.
    fn remove_volume(&self, name: &str) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Makes a container and returns its identity.
    fn create_container(
        &self,
        container: &ContainerSpec,
    ) -> impl Future<Output = Result<String, EngineError>> + Send;
    /// Starts a container.
    fn start_container(&self, id: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Freezes every process of a container; [`EngineErrorKind::Busy`] when some process would not be frozen just now.
    fn pause_container(&self, id: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Sends a signal to a container's main process: `SIGINT`. `SIGKILL` ends all its processes.
    fn signal_container(
        &self,
        id: &str,
        signal: &str,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Lets a frozen container go on.
    fn unpause_container(&self, id: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Removes a container in whatever state it is, with its anonymous volumes; returns when it is gone, whoever
    /// else removes it.
    fn remove_container(&self, id: &str) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// The container of that name or identity, if there is one.
    fn find_container(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<Container>, EngineError>> + Send;
    /// Every container that is meant, in any state.
    fn containers(
        &self,
        which: &Selector,
    ) -> impl Future<Output = Result<Vec<Container>, EngineError>> + Send;
    /// Talks with a container's main process; to be called before it is started, so that nothing is missed.
    fn attach(&self, id: &str) -> impl Future<Output = Result<Attached, EngineError>> + Send;
    /// The last lines that a container wrote.
    fn logs(
        &self,
        id: &str,
        tail: Option<usize>,
    ) -> impl Future<Output = Result<String, EngineError>> + Send;
    /// The content of a file in a container, whatever state that is in; [`EngineErrorKind::NotFound`] where there is no
    /// such container or file.
    fn read_file(
        &self,
        id: &str,
        path: &str,
    ) -> impl Future<Output = Result<Vec<u8>, EngineError>> + Send;
    /// Runs a program in a running container to its end, with `input` on its standard input.
    ///
    /// A program that cannot be started is an error, or exit code 126 or 127 with the reason on its output, as the
    /// engine's version has it.
    fn exec(
        &self,
        id: &str,
        command: &[String],
        input: &[u8],
    ) -> impl Future<Output = Result<ExecOutput, EngineError>> + Send;
}
