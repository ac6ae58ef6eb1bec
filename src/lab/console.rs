//! The output of a node's container while it comes up. The last lines are kept, for the error if it fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use tokio::sync::watch;

use crate::engine::Attached;

/// Number of lines that are kept.
const KEPT_LINES: usize = 200;

/// A container's progress, as its output tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// No output so far.
    Silent,
    /// Its data directory is initialised.
    Initialised,
    /// Its base backup is taken.
    BackedUp,
    /// The server's log says that it accepts connections.
    Accepting,
}

/// The state of a container, as its output tells it.
#[derive(Debug, Clone, Copy)]
struct ConsoleState {
    stage: Stage,
    /// Whether its output has ended, because the container is gone. Its stage stays known: an error says what it was
    /// doing.
    ended: bool,
}

/// A container's output.
#[derive(Debug, Clone)]
pub struct Console {
    lines: Arc<Mutex<VecDeque<String>>>,
    heard: watch::Receiver<ConsoleState>,
}

impl Console {
    /// Starts a task that reads a container's output to its end. `progress` gets each line.
    pub fn read(attached: Attached, progress: impl Fn(&str) + Send + 'static) -> (Self, Input) {
        let Attached { input, mut output } = attached;
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let (says, heard) = watch::channel(ConsoleState {
            stage: Stage::Silent,
            ended: false,
        });
        let kept = Arc::clone(&lines);
        tokio::spawn(async move {
            let mut rest = Vec::new();
            while let Some(Ok(chunk)) = output.next().await {
                rest.extend(chunk);
                // Progress is written with carriage returns on a terminal and line feeds elsewhere.
                while let Some(end) = rest
                    .iter()
                    .position(|byte| *byte == b'\n' || *byte == b'\r')
                {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    hear(&line, &kept, &says, &progress);
                }
            }
            // The last words of a program need not end in a line feed.
            hear(&rest, &kept, &says, &progress);
            says.send_modify(|heard| heard.ended = true);
        });
        (Self { lines, heard }, Input(Mutex::new(input)))
    }

    /// Waits until the container has reached `wanted`. False when it ended before.
    pub async fn reached(&self, wanted: Stage) -> bool {
        let mut heard = self.heard.clone();
        let known = heard.wait_for(|heard| heard.stage >= wanted || heard.ended);
        known.await.is_ok_and(|heard| heard.stage >= wanted)
    }

    /// Waits until its output has ended.
    pub async fn ended(&self) {
        let mut heard = self.heard.clone();
        // Without its reader nothing more comes either.
        _ = heard.wait_for(|heard| heard.ended).await;
    }

    /// The last lines.
    #[must_use]
    pub fn tail(&self, count: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .skip(lines.len().saturating_sub(count))
            .cloned()
            .collect()
    }
}

/// Takes one line.
fn hear(
    line: &[u8],
    kept: &Mutex<VecDeque<String>>,
    says: &watch::Sender<ConsoleState>,
    progress: &impl Fn(&str),
) {
    let line = String::from_utf8_lossy(line).trim_end().to_owned();
    if line.is_empty() {
        return;
    }
    progress(&line);
    let stage = stage_of(&line);
    // The line is kept before the stage changes: the task that waits for the stage may read it.
    keep(kept, line);
    if let Some(stage) = stage {
        says.send_modify(|heard| heard.stage = stage);
    }
}

fn keep(lines: &Mutex<VecDeque<String>>, line: String) {
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == KEPT_LINES {
        lines.pop_front();
    }
    lines.push_back(line);
}

fn stage_of(line: &str) -> Option<Stage> {
    if line == "lab: initialised" {
        Some(Stage::Initialised)
    } else if line == "lab: base backup taken" {
        Some(Stage::BackedUp)
    } else if line.contains("ready to accept") {
        // `ready to accept connections` on a primary, `ready to accept read-only connections` on a standby.
        Some(Stage::Accepting)
    } else {
        None
    }
}

/// A container's standard input.
///
/// The mutex makes it `Sync`, because a task holds it across a wait. It is never locked.
pub struct Input(Mutex<std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Input")
    }
}

impl Input {
    /// Writes all of `bytes`.
    pub async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        use tokio::io::AsyncWriteExt as _;
        let input = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        input.write_all(bytes).await?;
        input.flush().await
    }
}

#[cfg(test)]
mod tests;
