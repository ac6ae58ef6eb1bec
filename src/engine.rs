//! What we need of a container engine, in our words.
//!
//! Owns the calls and the values that cross them. [`docker`] is the only module that names bollard. [`fake`] is an
//! engine in memory whose failures a test scripts. Nothing here assumes a single host.

pub mod docker;
mod error;
pub mod fake;
mod object;
mod spec;

use tokio::io::AsyncRead;

pub use self::error::{EngineCause, EngineError, EngineErrorKind};
pub use self::object::{
    Attached, Container, ContainerState, Endpoint, EngineInfo, ExecOutput, Image, Labels,
    LayerProgress, Network, Volume,
};
pub use self::spec::{
    ContainerSpec, LAB_LABEL, Limits, Mount, NetworkPower, NetworkSpec, Publish, Selector,
};

/// The container engine on which labs run. Clones share one connection.
///
/// Every method is one call. Where a method says nothing else, its error is the engine's refusal: it says what was being
/// done, and its kind is what callers decide by.
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
    /// Docker, or an engine with the same API.
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

/// Makes the same call on either engine. The future is boxed because every caller's future would contain it otherwise; next to
/// a call of some milliseconds the allocation costs nothing.
macro_rules! on {
    ($engine:expr, $it:ident => $call:expr) => {
        match $engine {
            Engine::Docker($it) => Box::pin($call).await,
            Engine::Fake($it) => Box::pin($call).await,
        }
    };
}

impl Engine {
    /// Connects to Docker at `DOCKER_HOST`. Default: the socket on this host.
    ///
    /// # Errors
    /// When nothing answers there, or when this user may not open the socket.
    pub async fn connect() -> Result<Self, EngineError> {
        docker::Docker::connect().await.map(Self::Docker)
    }

    /// Whether ports of its containers are ports of this host.
    #[must_use]
    pub fn is_on_this_host(&self) -> bool {
        match self {
            Self::Docker(docker) => docker.is_here(),
            Self::Fake(_) => false,
        }
    }

    /// The engine's description of itself.
    pub async fn info(&self) -> Result<EngineInfo, EngineError> {
        on!(self, it => it.info())
    }

    /// The image with this name or id, if the engine has it.
    pub async fn find_image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        on!(self, it => it.find_image(reference))
    }

    /// The selected images. Their `env` and `volumes` are empty; [`Engine::find_image`] fills them.
    pub async fn images(&self, which: &Selector) -> Result<Vec<Image>, EngineError> {
        on!(self, it => it.images(which))
    }

    /// Fetches an image from its registry. Dropping the future cancels the transfer.
    pub async fn pull_image(
        &self,
        reference: &str,
        progress: &(dyn Fn(LayerProgress) + Send + Sync),
    ) -> Result<(), EngineError> {
        on!(self, it => it.pull_image(reference, progress))
    }

    /// Creates an image from the tar of a root file system. `changes` are Dockerfile instructions.
    pub async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        tar: Box<dyn AsyncRead + Send + Unpin>,
    ) -> Result<(), EngineError> {
        on!(self, it => it.import_image(reference, changes, tar))
    }

    /// Removes an image. A missing image is not an error.
    pub async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_image(reference))
    }

    /// Creates a network. A name that is taken is an [`EngineErrorKind::Conflict`]. Docker before version 25 lets two
    /// networks of one name through when they are created at the same moment; a caller that must own the name claims it with a
    /// volume first.
    pub async fn create_network(&self, network: &NetworkSpec) -> Result<Network, EngineError> {
        on!(self, it => it.create_network(network))
    }

    /// The selected networks. Default: all of them.
    pub async fn networks(&self, which: Option<&Selector>) -> Result<Vec<Network>, EngineError> {
        on!(self, it => it.networks(which))
    }

    /// Removes a network by its id. A missing network is not an error.
    pub async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_network(id))
    }

    /// The endpoints that hold a network, given by its id: none if the network is missing. An engine may have lost the
    /// container of one.
    pub async fn endpoints(&self, network: &str) -> Result<Vec<Endpoint>, EngineError> {
        on!(self, it => it.endpoints(network))
    }

    /// Takes an endpoint whose container is gone off a network. An endpoint or network that is missing is not an error.
    pub async fn disconnect(&self, network: &str, endpoint: &str) -> Result<(), EngineError> {
        on!(self, it => it.disconnect(network, endpoint))
    }

    /// Creates a volume. If a volume of that name exists, it is returned with its own labels.
    pub async fn create_volume(&self, volume: &Volume) -> Result<Volume, EngineError> {
        on!(self, it => it.create_volume(volume))
    }

    /// Creates a volume in memory that holds at most `bytes`, otherwise like [`Engine::create_volume`]. Its content is lost when
    /// no running container uses it any more.
    pub async fn create_disk(&self, volume: &Volume, bytes: u64) -> Result<Volume, EngineError> {
        on!(self, it => it.create_disk(volume, bytes))
    }

    /// The selected volumes.
    pub async fn volumes(&self, which: &Selector) -> Result<Vec<Volume>, EngineError> {
        on!(self, it => it.volumes(which))
    }

    /// Removes a volume. A missing volume is not an error.
    pub async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_volume(name))
    }

    /// Creates a container and returns its id.
    pub async fn create_container(&self, container: &ContainerSpec) -> Result<String, EngineError> {
        on!(self, it => it.create_container(container))
    }

    /// Starts a container.
    pub async fn start_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.start_container(id))
    }

    /// Freezes every process of a container. The error is [`EngineErrorKind::Busy`] when a process could not be frozen just now.
    pub async fn pause_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.pause_container(id))
    }

    /// Sends a signal, such as `SIGINT`, to a container's main process. `SIGKILL` ends all processes of the container.
    pub async fn signal_container(&self, id: &str, signal: &str) -> Result<(), EngineError> {
        on!(self, it => it.signal_container(id, signal))
    }

    /// Thaws a frozen container.
    pub async fn unpause_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.unpause_container(id))
    }

    /// Removes a container in any state, with its anonymous volumes. Returns when it is gone, also if somebody else removes it
    /// at the same time.
    pub async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        on!(self, it => it.remove_container(id))
    }

    /// The container with this name or id, if it exists.
    pub async fn find_container(&self, id: &str) -> Result<Option<Container>, EngineError> {
        on!(self, it => it.find_container(id))
    }

    /// The selected containers, in any state.
    pub async fn containers(&self, which: &Selector) -> Result<Vec<Container>, EngineError> {
        on!(self, it => it.containers(which))
    }

    /// Connects to a container's main process. Attach before starting the container, or the first output is missed.
    pub async fn attach(&self, id: &str) -> Result<Attached, EngineError> {
        on!(self, it => it.attach(id))
    }

    /// The last `tail` lines that a container wrote. Default: all lines.
    pub async fn logs(&self, id: &str, tail: Option<usize>) -> Result<String, EngineError> {
        on!(self, it => it.logs(id, tail))
    }

    /// The same; each line begins with the time at which Docker got it, as far as that is known.
    pub async fn logs_with_times(
        &self,
        id: &str,
        tail: Option<usize>,
    ) -> Result<String, EngineError> {
        on!(self, it => it.logs_with_times(id, tail))
    }

    /// The content of a file in a container in any state. The error is [`EngineErrorKind::NotFound`] when the container or the
    /// file does not exist.
    pub async fn read_file(&self, id: &str, path: &str) -> Result<Vec<u8>, EngineError> {
        on!(self, it => it.read_file(id, path))
    }

    /// Runs a program in a running container until it ends, with `input` on its standard input.
    ///
    /// If the program cannot be started, the result depends on the engine's version: an error, or exit code 126 or 127 with the
    /// reason on the program's output.
    pub async fn exec(
        &self,
        id: &str,
        command: &[String],
        input: &[u8],
    ) -> Result<ExecOutput, EngineError> {
        on!(self, it => it.exec(id, command, input))
    }
}
