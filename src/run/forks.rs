//! Forks: whether a node can still follow another one, by their histories.

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::engine::ContainerState;
use crate::failure::Failure;
use crate::name::NodeName;
use crate::server::history::{self, Parting};
use crate::server::lsn::Lsn;
use crate::server::upstream;

impl Scene<'_> {
    /// Why `node` cannot follow `from`. `None` if it can, or if it has replayed nothing.
    pub(super) async fn parting(&self, node: &NodeName, from: &NodeName) -> Tried<Option<Parting>> {
        // The node first: what it has then, its upstream has had before.
        let own = history::history(&*self.client(node).await?).await?;
        let other = history::history(&*self.client(from).await?).await?;
        let Some((own, other)) = own.zip(other) else {
            return Ok(None);
        };
        if let Some(parting) = own.parted_from(&other) {
            return Ok(Some(parting));
        }
        let Some(end) = own.compares_with(&other) else {
            return Ok(None);
        };
        let (ours, theirs) = tokio::try_join!(
            self.log_digest(node, own.timeline, end),
            self.log_digest(from, own.timeline, end),
        )?;
        let differ = ours
            .zip(theirs)
            .is_some_and(|(ours, theirs)| ours != theirs);
        Ok(differ.then(|| own.parted_since_promotion()).flatten())
    }

    async fn log_digest(&self, node: &NodeName, timeline: i32, end: Lsn) -> Tried<Option<String>> {
        let reader = self.client(node).await?;
        Ok(history::log_digest(&reader, timeline, end).await?)
    }

    /// The node that a standby is configured to stream from.
    pub(super) async fn configured_upstream(&self, node: &NodeName) -> Tried<Option<NodeName>> {
        let upstream = upstream::upstream(&*self.client(node).await?).await?;
        let host = upstream.and_then(|upstream| upstream.connected.or(upstream.configured));
        Ok(host.and_then(|host| self.node_called(&host)))
    }

    /// In words, why a standby cannot follow the node that it is configured to stream from. `None` if it can, or if one of
    /// them cannot be asked.
    pub(super) async fn diverged(&self, node: &NodeName) -> Option<String> {
        let from = self.configured_upstream(node).await.ok()??;
        let parting = self.parting(node, &from).await.ok()??;
        Some(parting.told(node.as_str(), from.as_str()))
    }

    /// Fails if a node that was told to follow another one cannot. Nodes that do not run are not asked.
    pub(super) async fn can_follow(&self, node: &NodeName, upstream: &NodeName) -> Tried<()> {
        for asked in [node, upstream] {
            if self.container(asked).await?.state != ContainerState::Running {
                return Ok(());
            }
        }
        // A server that allows no connections cannot be asked either.
        let Ok(Some(parting)) = self.parting(node, upstream).await else {
            return Ok(());
        };
        let lab = &self.lab.plan.lab;
        let told = parting.told(node.as_str(), upstream.as_str());
        let mend = if parting.can_rewind() {
            format!(
                "stop `{node}`, and `lab rewind {lab} {node} {upstream}` takes it back to the fork; \
                 `lab reclone {lab} {node} {upstream}` copies everything anew"
            )
        } else {
            format!("`lab reclone {lab} {node} {upstream}` replaces its data directory")
        };
        Err(Wrong::Failed(Failure::seen(told).with_hint(mend)))
    }
}
