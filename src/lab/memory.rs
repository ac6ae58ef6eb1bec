//! The processes of a node that the kernel killed because memory ran out.

use std::time::Duration;

use crate::engine::Engine;

const OOM_KILLS: &str = include_str!("../../images/node/oom_kills.sh");

/// How long a container without memory may take to start a program in it, and to end.
pub(crate) const ENDING: Duration = Duration::from_secs(2);

/// The number of processes that the kernel has killed in a container. `None` if it does not run or answer.
pub(crate) async fn kills(engine: &Engine, id: &str) -> Option<usize> {
    let command = ["sh", "-c", OOM_KILLS].map(str::to_owned);
    let asked = engine.exec(id, &command, &[]);
    let ran = tokio::time::timeout(ENDING, asked).await.ok()?.ok()?;
    String::from_utf8_lossy(&ran.stdout).trim().parse().ok()
}
