//! `streaming`: whether standbys stream.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::streaming::Streaming;
use crate::name::NodeName;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::server::client::literal;
use crate::wait::Probe;

impl Look for Streaming {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        // A receiver calls itself `streaming` from when it has connected, also when its upstream is about to refuse it,
        // for example because it has no such slot. So it counts once something came through it, or its upstream says
        // that it streams: idle, and at a segment's end, nothing comes.
        let sql = "SELECT concat_ws(' ', status, last_msg_send_time IS DISTINCT FROM last_msg_receipt_time, \
                   sender_host) FROM pg_stat_wal_receiver";
        let mut seen = AllOf::default();
        for node in &self.node.0 {
            let found = scene.ask(node, sql).await?;
            let mut found = found.as_deref().unwrap_or("waiting").splitn(3, ' ');
            let mut next = || found.next().unwrap_or_default();
            let (status, received, host) = (next(), next() == "t", next());
            let is_from = self.from.as_ref().is_none_or(|from| from.as_str() == host);
            if status != "streaming" {
                seen.add(false, format!("{node}: {status}"));
            } else if received || is_served(scene, node, host).await? {
                seen.add(is_from, format!("{node} streams from {host}"));
            } else {
                seen.add(
                    false,
                    format!("{node} is connected with {host}, which sends nothing yet"),
                );
            }
        }
        Ok(seen.probe())
    }
}

/// Whether the upstream says that it streams to a node. What is no node of the lab is not asked.
async fn is_served(scene: &Scene<'_>, node: &NodeName, host: &str) -> Tried<bool> {
    let Some(upstream) = scene.node_called(host) else {
        return Ok(true);
    };
    let sql = format!(
        "SELECT count(*) > 0 FROM pg_stat_replication \
             WHERE state IN ('catchup', 'streaming') AND application_name = {}",
        literal(&scene.application_name(node))
    );
    Ok(scene.ask(&upstream, &sql).await?.as_deref() == Some("t"))
}
