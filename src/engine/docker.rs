//! The engine on Docker, through bollard: Docker Engine 20.10 (API 1.41) and newer.
//!
//! Owns the connection and the translation between our words and Docker's. Only this module and its children name
//! bollard. It never decides what a lab needs, and keeps no state between two calls.

mod answer;
mod connect;
mod container;
mod error;
mod image;
mod network;
mod talk;
mod volume;

use std::future::Future;
use std::time::{Duration, Instant};

use bollard::query_parameters::KillContainerOptionsBuilder;
use tokio::io::AsyncRead;

use super::{
    Attached, Container, ContainerSpec, Endpoint, EngineError, EngineInfo, ExecOutput, Image,
    Labels, LayerProgress, Network, NetworkSpec, Selector, Volume,
};

/// How long Docker may take to answer a call. Creating and starting usually take less than a second, but a busy disk makes them
/// much slower. Giving up on a call that succeeds later would orphan its object.
const CALL: Duration = Duration::from_secs(300);

/// How long a call may take that moves a whole image.
const LONG_CALL: Duration = Duration::from_secs(3600);

/// A connection to Docker, inside of an [`Engine`](super::Engine). Clones share it.
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
pub struct Docker {
    client: bollard::Docker,
    /// Whether it is reached through a socket of this host.
    here: bool,
}

impl Docker {
    pub(super) fn is_here(&self) -> bool {
        self.here
    }

    /// Awaits one call, logs how long it took, and translates its failure. `act` says what the call does:
    /// "starting the container `lab-a-primary`".
    async fn call<T>(
        &self,
        act: &str,
        answer: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, EngineError> {
        let started = Instant::now();
        let answer = answer.await;
        let took = started.elapsed();
        match answer {
            Ok(value) => {
                tracing::debug!(?took, "{act}");
                Ok(value)
            }
            Err(error) => {
                let error = error::explain(act, &error);
                tracing::debug!(?took, cause = %error.source, "{act} failed");
                Err(error)
            }
        }
    }

    /// The connection, with a time-out long enough to move an image.
    fn patient(&self) -> bollard::Docker {
        self.client.clone().with_timeout(LONG_CALL)
    }
}

/// An object for messages: its name, or the first twelve digits of its id, as Docker's commands print it.
fn shown(given: &str) -> &str {
    let identity = given.len() == 64 && given.bytes().all(|byte| byte.is_ascii_hexdigit());
    if identity { &given[..12] } else { given }
}

/// A selector as a filter of Docker's lists.
fn label_filter(which: &Selector) -> std::collections::HashMap<String, Vec<String>> {
    let value = match which {
        Selector::Label(key) => key.clone(),
        Selector::LabelValue(key, value) => format!("{key}={value}"),
    };
    std::collections::HashMap::from([("label".to_owned(), vec![value])])
}

/// The labels of one of Docker's answers.
fn labels(given: Option<std::collections::HashMap<String, String>>) -> Labels {
    given.unwrap_or_default().into_iter().collect()
}

impl Docker {
    pub(super) async fn info(&self) -> Result<EngineInfo, EngineError> {
        connect::info(self).await
    }

    pub(super) async fn find_image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        image::find(self, reference).await
    }

    pub(super) async fn images(&self, which: &Selector) -> Result<Vec<Image>, EngineError> {
        image::list(self, which).await
    }

    pub(super) async fn pull_image(
        &self,
        reference: &str,
        progress: &(dyn Fn(LayerProgress) + Send + Sync),
    ) -> Result<(), EngineError> {
        image::pull(self, reference, progress).await
    }

    pub(super) async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        tar: Box<dyn AsyncRead + Send + Unpin>,
    ) -> Result<(), EngineError> {
        image::import(self, reference, changes, tar).await
    }

    pub(super) async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        image::remove(self, reference).await
    }

    pub(super) async fn create_network(
        &self,
        network: &NetworkSpec,
    ) -> Result<Network, EngineError> {
        network::create(self, network).await
    }

    pub(super) async fn networks(
        &self,
        which: Option<&Selector>,
    ) -> Result<Vec<Network>, EngineError> {
        network::list(self, which).await
    }

    pub(super) async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        network::remove(self, id).await
    }

    pub(super) async fn endpoints(&self, network: &str) -> Result<Vec<Endpoint>, EngineError> {
        network::endpoints(self, network).await
    }

    pub(super) async fn disconnect(
        &self,
        network: &str,
        endpoint: &str,
    ) -> Result<(), EngineError> {
        network::disconnect(self, network, endpoint).await
    }

    pub(super) async fn create_volume(&self, volume: &Volume) -> Result<Volume, EngineError> {
        volume::create(self, volume, None).await
    }

    pub(super) async fn create_disk(
        &self,
        volume: &Volume,
        bytes: u64,
    ) -> Result<Volume, EngineError> {
        volume::create(self, volume, Some(bytes)).await
    }

    pub(super) async fn volumes(&self, which: &Selector) -> Result<Vec<Volume>, EngineError> {
        volume::list(self, which).await
    }

    pub(super) async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        volume::remove(self, name).await
    }

    pub(super) async fn create_container(
        &self,
        container: &ContainerSpec,
    ) -> Result<String, EngineError> {
        container::create(self, container).await
    }

    pub(super) async fn start_container(&self, id: &str) -> Result<(), EngineError> {
        let act = format!("starting the container `{}`", shown(id));
        self.call(&act, self.client.start_container(id, None)).await
    }

    pub(super) async fn pause_container(&self, id: &str) -> Result<(), EngineError> {
        let act = format!("pausing the container `{}`", shown(id));
        self.call(&act, self.client.pause_container(id)).await
    }

    pub(super) async fn signal_container(&self, id: &str, signal: &str) -> Result<(), EngineError> {
        let act = format!("sending {signal} to the container `{}`", shown(id));
        let options = KillContainerOptionsBuilder::default()
            .signal(signal)
            .build();
        self.call(&act, self.client.kill_container(id, Some(options)))
            .await
    }

    pub(super) async fn unpause_container(&self, id: &str) -> Result<(), EngineError> {
        let act = format!("unpausing the container `{}`", shown(id));
        self.call(&act, self.client.unpause_container(id)).await
    }

    pub(super) async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        container::remove(self, id).await
    }

    pub(super) async fn find_container(&self, id: &str) -> Result<Option<Container>, EngineError> {
        container::find(self, id).await
    }

    pub(super) async fn containers(&self, which: &Selector) -> Result<Vec<Container>, EngineError> {
        container::list(self, which).await
    }

    pub(super) async fn attach(&self, id: &str) -> Result<Attached, EngineError> {
        talk::attach(self, id).await
    }

    pub(super) async fn logs(&self, id: &str, tail: Option<usize>) -> Result<String, EngineError> {
        talk::logs(self, id, tail, false).await
    }

    pub(super) async fn logs_with_times(
        &self,
        id: &str,
        tail: Option<usize>,
    ) -> Result<String, EngineError> {
        talk::logs(self, id, tail, true).await
    }

    pub(super) async fn read_file(&self, id: &str, path: &str) -> Result<Vec<u8>, EngineError> {
        talk::read_file(self, id, path).await
    }

    pub(super) async fn exec(
        &self,
        id: &str,
        command: &[String],
        input: &[u8],
    ) -> Result<ExecOutput, EngineError> {
        talk::exec(self, id, command, input).await
    }
}
