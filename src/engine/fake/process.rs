//! A container's main process in the fake: what it hears, what it says, how it ends.

use tokio::io::{AsyncRead, DuplexStream};
use tokio::sync::mpsc;

use super::Fake;
use super::script::Main;
use crate::engine::ContainerSpec;

/// What a container's main process has: its standard input and its standard output.
pub struct Process {
    /// How its container was made.
    pub spec: ContainerSpec,
    /// The container's identity.
    pub(super) id: String,
    /// What attached clients write; at its end from the beginning when the container has no standard input.
    pub input: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) engine: Option<Fake>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Process {
    pub(super) fn new(id: String, spec: ContainerSpec, input: Option<DuplexStream>) -> Self {
        Self {
            spec,
            id,
            input: input.map_or_else(
                || Box::new(tokio::io::empty()) as Box<dyn AsyncRead + Send + Unpin>,
                |input| Box::new(input),
            ),
            engine: None,
        }
    }

    /// Writes to its standard output: to whoever is attached, and to the log.
    pub fn say(&self, words: impl AsRef<[u8]>) {
        if let Some(engine) = &self.engine {
            engine.lock().world.say(&self.id, words.as_ref());
        }
    }
}

/// Runs a main process until it exits or its container is removed.
pub(super) fn run(engine: &Fake, mut process: Process, main: &Main) {
    let id = process.id.clone();
    process.engine = Some(engine.clone());
    let ending = main(process);
    let task = tokio::spawn({
        let (engine, id) = (engine.clone(), id.clone());
        async move {
            let code = ending.await;
            engine.lock().world.exit(&id, code);
        }
    });
    engine.lock().world.hold(&id, task.abort_handle());
}

/// The stream of what a process says, for one attached client.
pub(super) fn listen(
    heard: mpsc::UnboundedReceiver<Vec<u8>>,
) -> impl futures_util::Stream<Item = Vec<u8>> + Send {
    futures_util::stream::unfold(heard, |mut heard| async move {
        let words = heard.recv().await?;
        Some((words, heard))
    })
}
