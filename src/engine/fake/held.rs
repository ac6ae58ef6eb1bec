//! A container of the fake, and why a call is refused.

use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::engine::{Container, ContainerSpec, ContainerState, EngineErrorKind};

/// Why a call was refused.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) EngineErrorKind, pub(super) String);

pub(super) fn missing(what: &str, name: &str) -> Refusal {
    Refusal(EngineErrorKind::NotFound, format!("No such {what}: {name}"))
}

pub(super) fn conflict(message: String) -> Refusal {
    Refusal(EngineErrorKind::Conflict, message)
}

/// A container, with its specification, input, output and main process.
pub(super) struct Held {
    pub(super) container: Container,
    pub(super) spec: ContainerSpec,
    /// The two ends of its standard input. A client takes the near one, the main process the far one.
    pub(super) near: Option<DuplexStream>,
    pub(super) far: Option<DuplexStream>,
    pub(super) listeners: Vec<mpsc::UnboundedSender<Vec<u8>>>,
    pub(super) log: Vec<u8>,
    pub(super) task: Option<AbortHandle>,
}

impl Held {
    pub(super) fn runs(&self) -> bool {
        matches!(
            self.container.state,
            ContainerState::Running | ContainerState::Paused | ContainerState::Restarting
        )
    }

    /// Ends its main process and the streams of attached clients.
    pub(super) fn stop(&mut self) {
        self.listeners.clear();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
