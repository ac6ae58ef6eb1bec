//! The main process of a container in the fake: its input, its output, and the closure that plays it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, DuplexStream};
use tokio::sync::mpsc;

use crate::engine::ContainerSpec;

/// Plays the main process of every container and returns its exit code.
pub(super) type Main = Arc<dyn Fn(Process) -> BoxFuture<'static, i64> + Send + Sync>;

/// Takes what a main process writes.
type Output = Box<dyn Fn(&[u8]) + Send + Sync>;

/// The main process of one container, as the closure of [`super::Fake::on_start`] gets it.
pub struct Process {
    /// The specification of its container.
    pub spec: ContainerSpec,
    /// What attached clients write. It is at its end at once if the container has no standard input.
    pub input: Box<dyn AsyncRead + Send + Unpin>,
    /// The container's id.
    pub(super) id: String,
    /// Takes what the process writes, once it runs.
    pub(super) output: Option<Output>,
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
            output: None,
        }
    }

    /// Writes to standard output: attached clients and the log get it.
    pub fn say(&self, words: impl AsRef<[u8]>) {
        if let Some(output) = &self.output {
            output(words.as_ref());
        }
    }
}

/// The stream of one attached client.
pub(super) fn listen(
    heard: mpsc::UnboundedReceiver<Vec<u8>>,
) -> impl futures_util::Stream<Item = Vec<u8>> + Send {
    futures_util::stream::unfold(heard, |mut heard| async move {
        let words = heard.recv().await?;
        Some((words, heard))
    })
}
