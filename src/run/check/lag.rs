//! `lag`: how far a standby, or a subscriber, is behind.

use super::{Look, failed};
use crate::action::check::lag::Lag;
use crate::action::{Amount, Step};
use crate::name::NodeName;
use crate::run::scene::Scene;
use crate::run::{Tried, Wrong};
use crate::server::client::literal;
use crate::wait::Probe;

impl Look for Lag {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        // In bytes that its upstream has and it has not replayed, or in time since the last transaction that it
        // replayed was committed, while there is such WAL.
        let node = &self.node;
        let sql = if scene.recovers(node).await? {
            let primary = primary_of_or_planned(scene, node).await?;
            let lsn = scene.written_by(&primary).await?;
            let sql = format!(
                "SELECT concat_ws(' ', greatest(0, pg_wal_lsn_diff({lsn}, pg_last_wal_replay_lsn())), \
                 coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0))"
            );
            scene.ask(node, &sql).await?
        } else {
            furthest_behind(scene, node).await?
        };
        let found = sql.unwrap_or_default();
        let (bytes, seconds) = found.split_once(' ').unwrap_or((&found, "0"));
        let (bytes, seconds) = (
            bytes.parse::<f64>().unwrap_or(0.0),
            seconds.parse::<f64>().unwrap_or(0.0),
        );
        // Who has everything is not behind, however long ago the last transaction was.
        let seconds = if bytes > 0.0 { seconds } else { 0.0 };
        let measure = |amount: Amount| match amount {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a size of log is far below 2^52"
            )]
            Amount::Bytes(wanted) => (bytes, wanted as f64),
            Amount::Time(wanted) => (seconds, wanted.as_secs_f64()),
        };
        let least = self.at_least.is_none_or(|amount| {
            let (found, wanted) = measure(amount);
            found >= wanted
        });
        let most = self.at_most.is_none_or(|amount| {
            let (found, wanted) = measure(amount);
            found <= wanted
        });
        let said = format!("{node} is {bytes} B and {seconds:.1} s behind");
        Ok(if least && most {
            Probe::Ready(said)
        } else {
            Probe::NotYet(said)
        })
    }
}

/// The lag of that of a node's subscriptions which has most of it: bytes, and seconds.
async fn furthest_behind(scene: &Scene<'_>, node: &NodeName) -> Tried<Option<String>> {
    let mut most: Option<(f64, String)> = None;
    for (name, publisher) in scene.subscriptions(node).await? {
        let lsn = scene.written_by(&publisher).await?;
        let sql = format!(
            "SELECT concat_ws(' ', pg_wal_lsn_diff({lsn}, replay_lsn), \
                 coalesce(extract(epoch FROM replay_lag), 0)) FROM pg_stat_replication WHERE application_name = {}",
            literal(&name)
        );
        let Some(lag) = scene.ask(&publisher, &sql).await? else {
            return Err(failed(format!(
                "`{publisher}` has no sender for the subscription `{name}`"
            )));
        };
        let bytes = lag.split(' ').next().and_then(|bytes| bytes.parse().ok());
        let bytes = bytes.unwrap_or(0.0);
        if most.as_ref().is_none_or(|(other, _)| bytes > *other) {
            most = Some((bytes, lag));
        }
    }
    match most {
        Some((_, lag)) => Ok(Some(lag)),
        None => Err(failed(format!("`{node}` follows nobody: it has no lag"))),
    }
}

/// The primary that a standby's log comes from, or, while it streams from nobody, came from by the plan.
async fn primary_of_or_planned(scene: &Scene<'_>, node: &NodeName) -> Tried<NodeName> {
    match scene.primary_of(node).await {
        Err(Wrong::Unmet { .. }) => Ok(scene.lab.plan.primary_of(node).clone()),
        found => found,
    }
}
