//! `lag`: how far a standby, or a subscriber, is behind.

use super::{Look, failed};
use crate::action::check::lag::Lag;
use crate::action::{Amount, Step};
use crate::name::NodeName;
use crate::run::scene::Scene;
use crate::run::{Tried, Wrong};
use crate::server::position;
use crate::wait::Probe;

/// How far a node is behind.
struct Behind {
    bytes: i64,
    /// `None` if nobody knows: nothing is connected, or nothing was reported yet.
    seconds: Option<f64>,
}

impl Look for Lag {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        // In bytes of WAL that its upstream has and it has not replayed. Or, while there is such WAL, in time since the
        // commit of the last replayed transaction.
        let node = &self.node;
        if let Some(diverged) = scene.diverged(node).await {
            return Ok(Probe::NotYet(diverged));
        }
        let Behind { bytes, seconds } = match behind(scene, node).await {
            Err(Wrong::Unmet { found, .. }) => return Ok(Probe::NotYet(found)),
            behind => behind?,
        };
        // A node that has replayed everything has no lag, no matter how old the last transaction is.
        let seconds = if bytes > 0 { seconds } else { Some(0.0) };
        let measure = |amount: Amount| match amount {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a size of log is far below 2^52"
            )]
            Amount::Bytes(wanted) => Some((bytes as f64, wanted as f64)),
            Amount::Time(wanted) => Some((seconds?, wanted.as_secs_f64())),
        };
        let least = self
            .at_least
            .is_none_or(|amount| measure(amount).is_some_and(|(found, wanted)| found >= wanted));
        let most = self
            .at_most
            .is_none_or(|amount| measure(amount).is_some_and(|(found, wanted)| found <= wanted));
        let said = match seconds {
            Some(seconds) => format!("{node} is {bytes} B and {seconds:.1} s behind"),
            None => format!("{node} is {bytes} B behind, and it is not known for how long"),
        };
        Ok(if least && most {
            Probe::Ready(said)
        } else {
            Probe::NotYet(said)
        })
    }
}

/// The lag of a standby, or of a subscriber.
async fn behind(scene: &Scene<'_>, node: &NodeName) -> Tried<Behind> {
    if !scene.recovers(node).await? {
        return furthest_behind(scene, node).await;
    }
    let primary = source(scene, node).await?;
    let lsn = scene.written_by(&primary).await?;
    let behind = position::behind(&*scene.client(node).await?, lsn).await?;
    Ok(Behind {
        bytes: behind.bytes,
        seconds: behind.seconds,
    })
}

/// The largest lag of a node's subscriptions, in every database and also of those that are disabled.
async fn furthest_behind(scene: &Scene<'_>, node: &NodeName) -> Tried<Behind> {
    let mut most: Option<Behind> = None;
    for found in scene.subscriptions(node).await? {
        let publisher = scene.publisher(node, &found).await?;
        let lsn = scene.written_by(&publisher).await?;
        let Some(progress) = scene.progress(&publisher, &found).await? else {
            return Err(failed(format!(
                "`{publisher}` has no slot for the subscription `{}`",
                found.name
            )));
        };
        let applied = progress.applied();
        let lag = Behind {
            bytes: applied.map_or(0, |applied| lsn.bytes_ahead_of(applied).max(0)),
            seconds: progress.sender.and_then(|sender| sender.seconds.replay),
        };
        if most.as_ref().is_none_or(|most| lag.bytes > most.bytes) {
            most = Some(lag);
        }
    }
    most.ok_or_else(|| failed(format!("`{node}` has no upstream, so it has no lag")))
}

/// The primary at the top of a standby's upstreams, also while it does not stream. A standby without an upstream in the lab
/// has the one of the plan.
async fn source(scene: &Scene<'_>, node: &NodeName) -> Tried<NodeName> {
    let mut at = node.clone();
    for _ in 0..scene.lab.plan.nodes.len() {
        if !scene.recovers(&at).await? {
            return Ok(at);
        }
        let upstream = scene.configured_upstream(&at).await?;
        at = upstream.unwrap_or_else(|| scene.lab.plan.primary_of(&at).clone());
    }
    Err(failed(format!(
        "`{node}` has no primary: its upstreams form a loop"
    )))
}
