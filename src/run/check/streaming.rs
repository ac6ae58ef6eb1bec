//! `streaming`: whether standbys stream.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::streaming::Streaming;
use crate::name::NodeName;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::server::replication::{self, ReceiverStatus, Sender};
use crate::server::upstream;
use crate::wait::Probe;

impl Look for Streaming {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        let mut seen = AllOf::default();
        for node in &self.node.0 {
            match self.streams(scene, node).await? {
                Probe::Ready(said) => seen.add(true, said),
                Probe::NotYet(said) => {
                    // It says more than the state of a receiver that comes and goes.
                    let diverged = scene.diverged(node).await;
                    seen.add(false, diverged.unwrap_or(said));
                }
            }
        }
        Ok(seen.probe())
    }
}

impl Streaming {
    /// Whether a standby streams, and will go on.
    ///
    /// A walreceiver reports `streaming` as soon as it has connected, even if its upstream is about to refuse it. It tries
    /// again every five seconds. So its upstream must serve it, and their histories must not have forked.
    async fn streams(&self, scene: &Scene<'_>, node: &NodeName) -> Tried<Probe<String>> {
        let not_yet = |why: String| Ok(Probe::NotYet(format!("{node}{why}")));
        let found = replication::receiver(&*scene.client(node).await?).await?;
        let Some(found) = found else {
            return not_yet(": waiting".to_owned());
        };
        let own = upstream::upstream(&*scene.client(node).await?).await?;
        let own = own.unwrap_or_default();
        let host = own.connected.or(found.host).unwrap_or_default();
        let upstream = scene.node_called(&host);
        let from = upstream.as_ref().map_or(host.as_str(), NodeName::as_str);
        if found.status != ReceiverStatus::Streaming {
            return not_yet(format!(": {}", found.status));
        }
        let streams = format!(" streams from {from}");
        if self.from.is_some() && self.from != upstream {
            return not_yet(streams);
        }
        // A host outside the lab is not asked.
        let Some(upstream) = &upstream else {
            return Ok(if found.has_received {
                Probe::Ready(format!("{node}{streams}"))
            } else {
                Probe::NotYet(format!(
                    "{node} is connected to {from}, which sends nothing yet"
                ))
            });
        };
        let senders = replication::senders(&*scene.client(upstream).await?).await?;
        let mut named = replication::to_standby(&senders, &own.application_name);
        if !named.any(Sender::serves) {
            return not_yet(format!(" is connected to {from}, which sends nothing yet"));
        }
        Ok(match scene.parting(node, upstream).await? {
            Some(parting) => Probe::NotYet(parting.told(node.as_str(), from)),
            None => Probe::Ready(format!("{node}{streams}")),
        })
    }
}
