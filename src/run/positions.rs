//! Positions of servers in the WAL, and their upstreams.

use std::time::Duration;

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::name::NodeName;
use crate::server::lsn::Lsn;
use crate::server::{position, state, upstream};
use crate::wait::Probe;

/// The longest time that one look waits for the WAL writer.
const LONGEST: Duration = Duration::from_secs(5);

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

    /// The end of what was committed on a primary until now, as soon as that is flushed and so can be sent. Of a standby, the
    /// position that it has replayed.
    ///
    /// What is not flushed in the time in which the WAL writer flushes commits is no commit, but the WAL of a transaction that
    /// is open. A long `wal_writer_delay` is not waited for here: the expectation is unmet, and a later look sees more.
    pub(super) async fn written_by(&self, node: &NodeName) -> Tried<Lsn> {
        let client = self.client(node).await?;
        let Some(done) = position::done(&client).await? else {
            return Err(Wrong::failed(format!("`{node}` has replayed nothing yet")));
        };
        if done.flushed >= done.end {
            return Ok(done.end);
        }
        let expected = || format!("`{node}` has flushed its commits");
        let flushed = self
            .wait(done.settles.min(LONGEST), expected, || async {
                let flushed = position::flushed(&client).await?;
                Ok(if flushed >= done.end {
                    Probe::Ready(())
                } else {
                    Probe::NotYet(format!("it has flushed {flushed}"))
                })
            })
            .await;
        let expected = match flushed {
            Ok(()) => return Ok(done.end),
            Err(Wrong::Unmet { expected, .. }) => expected,
            Err(wrong) => return Err(wrong),
        };
        let flushed = position::flushed(&client).await?;
        if done.settles <= LONGEST {
            return Ok(flushed.min(done.end));
        }
        let end = done.end;
        Err(Wrong::Unmet {
            expected,
            found: format!(
                "`{node}` has written up to {end} and flushed up to {flushed}: see its `wal_writer_delay`"
            ),
        })
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
