//! Forks: whether a node can still follow another one, by their histories.

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::engine::ContainerState;
use crate::failure::Failure;
use crate::name::NodeName;
use crate::server::history::{self, Parting};
use crate::server::upstream;

impl Scene<'_> {
    /// Why `node` cannot follow `from`. `None` if it can, or if it has replayed nothing.
    pub(super) async fn parting(&self, node: &NodeName, from: &NodeName) -> Tried<Option<Parting>> {
        // The node first: what it has then, its upstream has had before.
        let own = history::history(&*self.client(node).await?).await?;
        let other = history::history(&*self.client(from).await?).await?;
        Ok(own
            .zip(other)
            .and_then(|(own, other)| own.parted_from(&other)))
    }

    /// What tells a stopped node whether it was promoted apart from `upstream` (images/node/apart.sh): the timeline of the upstream,
    /// where it began, and records of it. All are empty if the upstream does not say.
    pub(super) async fn timeline_of(&self, upstream: &NodeName) -> [String; 3] {
        let found = async {
            let client = self.client(upstream).await.ok()?;
            let found = history::history(&client).await.ok()??;
            let fork = found.past.last()?.end;
            let anchors = found.anchors.iter();
            let anchors: Vec<String> = anchors
                .map(|it| format!("{}:{}", it.at, it.bytes))
                .collect();
            Some([
                found.timeline.to_string(),
                fork.to_string(),
                anchors.join(" "),
            ])
        };
        found.await.unwrap_or_default()
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

    /// Fails if a node and another one were promoted apart at the same position.
    pub(super) async fn was_not_promoted_apart(
        &self,
        node: &NodeName,
        upstream: &NodeName,
    ) -> Tried<()> {
        match self.parting(node, upstream).await {
            Ok(Some(parting)) if parting.is_of_one_number() => {
                self.cannot_follow(node, upstream, &parting)
            }
            _ => Ok(()),
        }
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
        self.cannot_follow(node, upstream, &parting)
    }

    /// A failure of work on a stopped node, with a hint if the node was promoted apart.
    pub(super) fn told_apart(&self, why: Wrong, node: &NodeName, upstream: &NodeName) -> Wrong {
        match why {
            Wrong::Failed(why) if why.contains("they were promoted apart") => {
                let lab = &self.lab.plan.lab;
                Wrong::Failed(why.with_hint(format!(
                    "`lab reclone {lab} {node} {upstream}` replaces its data directory"
                )))
            }
            why => why,
        }
    }

    fn cannot_follow(&self, node: &NodeName, upstream: &NodeName, parting: &Parting) -> Tried<()> {
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
