//! `streaming`: whether standbys stream.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::streaming::Streaming;
use crate::name::NodeName;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::server::replication::{self, ReceiverStatus, SenderState};
use crate::wait::Probe;

impl Look for Streaming {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        // A walreceiver reports `streaming` as soon as it has connected, even if its upstream is about to refuse it, for
        // example because the slot does not exist. So it counts once WAL arrived, or its upstream reports it as
        // streaming: no WAL arrives while the upstream is idle or at a segment's end.
        let mut seen = AllOf::default();
        for node in &self.node.0 {
            let found = replication::receiver(&*scene.client(node).await?).await?;
            let Some(found) = found else {
                seen.add(false, format!("{node}: waiting"));
                continue;
            };
            let host = found.host.as_deref().unwrap_or_default();
            let is_from = self.from.as_ref().is_none_or(|from| from.as_str() == host);
            if found.status != ReceiverStatus::Streaming {
                seen.add(false, format!("{node}: {}", found.status));
            } else if found.has_received || is_served(scene, node, host).await? {
                seen.add(is_from, format!("{node} streams from {host}"));
            } else {
                seen.add(
                    false,
                    format!("{node} is connected to {host}, which sends nothing yet"),
                );
            }
        }
        Ok(seen.probe())
    }
}

/// Whether the upstream reports that it streams to a node. A host outside the lab is not asked.
async fn is_served(scene: &Scene<'_>, node: &NodeName, host: &str) -> Tried<bool> {
    let Some(upstream) = scene.node_called(host) else {
        return Ok(true);
    };
    let senders = replication::senders(&*scene.client(&upstream).await?).await?;
    let name = scene.application_name(node);
    let serves =
        |state: &SenderState| matches!(state, SenderState::Catchup | SenderState::Streaming);
    let mut named = replication::to_standby(&senders, &name);
    Ok(named.any(|sender| sender.state.as_ref().is_some_and(serves)))
}
