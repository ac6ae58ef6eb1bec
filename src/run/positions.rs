//! Positions of servers in the WAL, and their upstreams.

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::name::NodeName;
use crate::server::lsn::Lsn;
use crate::server::{position, state, upstream};

impl Scene<'_> {
    /// Whether a server is in recovery.
    pub(super) async fn recovers(&self, node: &NodeName) -> Tried<bool> {
        Ok(state::is_standby(&**self.client(node).await?).await?)
    }

    /// The timeline that a server is on.
    pub(super) async fn timeline(&self, node: &NodeName) -> Tried<String> {
        let state = state::state(&*self.client(node).await?).await?;
        Ok(state.timeline.to_string())
    }

    /// The position that a primary has written or a standby has replayed.
    pub(super) async fn written_by(&self, node: &NodeName) -> Tried<Lsn> {
        let shown = position::shown(&*self.client(node).await?).await?;
        shown.ok_or_else(|| Wrong::failed(format!("`{node}` has replayed nothing yet")))
    }

    /// The primary that a standby's WAL comes from now.
    pub(super) async fn primary_of(&self, node: &NodeName) -> Tried<NodeName> {
        let mut at = node.clone();
        for _ in 0..self.lab.plan.nodes.len() {
            if !self.recovers(&at).await? {
                return Ok(at);
            }
            let link = upstream::upstream(&*self.client(&at).await?).await?;
            let host = link.and_then(|link| link.connected);
            let Some(upstream) = host.as_deref().and_then(|host| self.node_called(host)) else {
                let found = match host {
                    Some(host) => {
                        format!("`{at}` streams from `{host}`, which is no node of the lab")
                    }
                    None => format!("`{at}` does not stream"),
                };
                let expected = format!("a primary that `{node}` streams from");
                return Err(Wrong::Unmet { expected, found });
            };
            at = upstream;
        }
        Err(Wrong::failed(format!(
            "`{node}` has no primary: its upstreams form a loop"
        )))
    }

    /// The node that a host means.
    pub(super) fn node_called(&self, host: &str) -> Option<NodeName> {
        self.lab.host(host)
    }
}
