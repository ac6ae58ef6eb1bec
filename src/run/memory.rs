//! Nodes whose memory ran out: the kernel kills a process then, and a server or a program just ends.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::scene::Scene;
use crate::lab::memory::{self, ENDING};
use crate::name::NodeName;
use crate::plan::PlannedNode;
use crate::text::count;
use crate::wait::{Probe, wait_for};

/// The number of processes that the kernel has killed in each node, of those whose memory is limited and which run.
pub(super) type Killed = BTreeMap<NodeName, usize>;

impl Scene<'_> {
    /// Asks the nodes whose memory is limited.
    pub(super) async fn killed(&self) -> Killed {
        let nodes = self.lab.plan.nodes.iter();
        let limited = nodes.filter(|node| node.limits.memory.is_some());
        let counts = join_all(limited.map(async |node| {
            let kills = self.kills(&node.name).await?;
            Some((node.name.clone(), kills))
        }));
        counts.await.into_iter().flatten().collect()
    }

    /// The number of processes that the kernel has killed in a node. `None` if the node does not run or answer.
    async fn kills(&self, node: &NodeName) -> Option<usize> {
        let container = self.running(node).await.ok()?;
        memory::kills(&self.lab.engine, &container.id).await
    }

    /// A line for each node whose memory has run out since.
    pub(super) async fn out_of_memory(&self, before: &Killed) -> Vec<String> {
        let nodes = self.lab.plan.nodes.iter();
        let asked = nodes.filter_map(|node| Some((node, *before.get(&node.name)?)));
        let lines = join_all(asked.map(|(node, before)| self.ran_out(node, before)));
        lines.await.into_iter().flatten().collect()
    }

    async fn ran_out(&self, node: &PlannedNode, before: usize) -> Option<String> {
        let name = &node.name;
        let memory = node.limits.memory?.div_ceil(1 << 20);
        // A container may be about to end, and starts no program then.
        let never = CancellationToken::new();
        let waited = wait_for(ENDING, &never, || async {
            let container = self.container(name).await?;
            if container.out_of_memory {
                return Ok(Probe::Ready(Some(format!(
                    "the container of `{name}` ran out of its {memory} MB of memory, and the kernel killed it"
                ))));
            }
            let Some(kills) = self.kills(name).await else {
                return Ok::<_, super::Wrong>(Probe::NotYet("it does not answer".to_owned()));
            };
            let more = kills.saturating_sub(before);
            Ok(Probe::Ready((more > 0).then(|| {
                let processes = count(more, "process");
                format!("`{name}` ran out of its {memory} MB of memory, and the kernel killed {processes} of it")
            })))
        });
        waited.await.ok().flatten()
    }
}
