//! What the engine has and says: itself, images, networks, volumes, containers, and the output of programs.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::pin::Pin;

use futures_util::Stream;
use tokio::io::AsyncWrite;

use super::error::EngineError;

/// An object's labels by key.
pub type Labels = BTreeMap<String, String>;

/// The engine's description of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The engine's version: `20.10.24`.
    pub version: String,
    /// The negotiated API version: `1.41`.
    pub api: String,
    /// The host's operating system: `Debian GNU/Linux 12 (bookworm)`.
    pub system: String,
    /// The engine's data directory on its host: `/var/lib/docker`.
    pub root: String,
    /// What tells this engine from any other one. Empty if it does not say.
    pub id: String,
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…`.
    pub id: String,
    /// The image's names: `postgres:17`.
    pub tags: Vec<String>,
    /// Labels by key.
    pub labels: Labels,
    /// `KEY=VALUE` pairs of its environment.
    pub env: Vec<String>,
    /// The paths that the image declares as volumes.
    pub volumes: Vec<String>,
    /// Size in bytes.
    pub bytes: u64,
}

/// The progress of one layer while an image is pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerProgress {
    /// The layer's short id.
    pub layer: String,
    /// The engine's word for what happens: `Downloading`.
    pub status: String,
    /// Bytes done.
    pub done: u64,
    /// Bytes in total, if known.
    pub total: Option<u64>,
}

/// A network that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The engine's id for it.
    pub id: String,
    /// Its unique name.
    pub name: String,
    /// The subnet in CIDR notation.
    pub subnet: Option<String>,
    /// The host's address as containers see it.
    pub gateway: Option<Ipv4Addr>,
    /// Labels by key.
    pub labels: Labels,
}

/// The place of a container on a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name: that of its container.
    pub name: String,
    /// The id of its container. If the engine has lost the container, no container has this id.
    pub container: String,
}

/// A volume, existing or to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its unique name.
    pub name: String,
    /// Labels by key.
    pub labels: Labels,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// It was created and never started.
    Created,
    /// Its main process runs.
    Running,
    /// Its processes are frozen.
    Paused,
    /// The engine is about to start it again.
    Restarting,
    /// Its main process ended, or the engine reports a state that is not listed here.
    Exited,
    /// The engine is removing it, or failed to.
    Dead,
}

impl ContainerState {
    /// Docker's word for the state.
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
    /// The engine's id for it.
    pub id: String,
    /// Its unique name.
    pub name: String,
    /// What it is doing.
    pub state: ContainerState,
    /// The main process's exit code, once it has ended.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed a process of it, once it has ended, because memory ran out.
    pub out_of_memory: bool,
    /// The image's name as it was asked for.
    pub image: String,
    /// The address in the lab's network. While the container does not run, this is the address that it asks for.
    pub address: Option<Ipv4Addr>,
    /// The host port of the published port, while the container runs.
    pub port: Option<u16>,
    /// The container's labels, and those of its image that the container does not override.
    pub labels: Labels,
}

impl Container {
    /// Why it does not run, where the engine knows more than that it has ended.
    #[must_use]
    pub fn why_ended(&self) -> Option<&'static str> {
        self.out_of_memory
            .then_some("it ran out of memory, and the kernel killed it")
    }
}

/// The result of a program that ran in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// The exit code.
    pub code: i64,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// A connection to a container's main process.
pub struct Attached {
    /// The process's standard input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// The process's standard output and error, from the moment of attaching.
    pub output: Pin<Box<dyn Stream<Item = Result<Vec<u8>, EngineError>> + Send>>,
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attached").finish_non_exhaustive()
    }
}
