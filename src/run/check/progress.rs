//! How far standbys and subscriptions have come.

use super::super::stage::Stage;
use super::super::{Seen, Wrong, stage};
use super::{Looked, failed};
use crate::action::{Amount, Lag, Step, Streaming, Synced};
use crate::name::NodeName;
use crate::server::client::literal;
use crate::wait::Probe;

/// A position to be reached, and where it is asked whether it was.
#[derive(Debug, Clone)]
struct Goal {
    /// "replica".
    who: String,
    /// The node that tells.
    ask: NodeName,
    /// Whether it was reached, and how far it is: a boolean and a text.
    sql: String,
}

impl Stage<'_> {
    /// Whether standbys stream. A receiver calls itself `streaming` from when it has connected, also when its upstream is
    /// about to refuse it, for want of the slot that it asks for for one. So it counts once something came through it, or
    /// its upstream says that it streams: idle, and at a segment's end, nothing comes.
    pub(super) async fn streaming(&self, wanted: &Streaming) -> Seen<Probe<String>> {
        let sql = "SELECT concat_ws(' ', status, last_msg_send_time IS DISTINCT FROM last_msg_receipt_time, \
                   sender_host) FROM pg_stat_wal_receiver";
        let mut seen = Looked::default();
        for node in &wanted.node.0 {
            let found = self.ask(node, sql).await?;
            let mut found = found.as_deref().unwrap_or("waiting").splitn(3, ' ');
            let mut next = || found.next().unwrap_or_default();
            let (status, received, host) = (next(), next() == "t", next());
            let is_from = wanted
                .from
                .as_ref()
                .is_none_or(|from| from.as_str() == host);
            if status != "streaming" {
                seen.add(false, format!("{node}: {status}"));
            } else if received || self.is_served(node, host).await? {
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

    /// Whether the upstream says that it streams to a node. What is no node of the lab is not asked.
    async fn is_served(&self, node: &NodeName, host: &str) -> Seen<bool> {
        let Some(upstream) = self.node_called(host) else {
            return Ok(true);
        };
        let sql = format!(
            "SELECT count(*) > 0 FROM pg_stat_replication \
             WHERE state IN ('catchup', 'streaming') AND application_name = {}",
            literal(&self.application_name(node))
        );
        Ok(self.ask(&upstream, &sql).await?.as_deref() == Some("t"))
    }

    /// Waits until nodes have what their upstreams had when the step began.
    pub(super) async fn caught_up(&self, step: &Step, nodes: &[NodeName]) -> Seen {
        let within = self.patience(step);
        let expected = || "somebody to catch up with".to_owned();
        let goals = self
            .wait(within, expected, || async {
                match self.goals(nodes).await {
                    Ok(goals) => Ok(Probe::Ready(goals)),
                    Err(Wrong::Unmet { found, .. }) => Ok(Probe::NotYet(found)),
                    Err(wrong) => Err(wrong),
                }
            })
            .await?;
        let expected = || "all that had been written when the step began".to_owned();
        self.wait(within, expected, || self.reached(&goals)).await
    }

    /// Whether nodes have what their upstreams have now.
    pub(super) async fn is_caught_up(&self, nodes: &[NodeName]) -> Seen<Probe<String>> {
        let goals = self.goals(nodes).await?;
        self.reached(&goals).await
    }

    async fn reached(&self, goals: &[Goal]) -> Seen<Probe<String>> {
        let mut seen = Looked::default();
        for goal in goals {
            let answer = self.ask(&goal.ask, &goal.sql).await?;
            match answer.as_deref().and_then(|text| text.split_once(' ')) {
                Some(("t", at)) => seen.add(true, format!("{} has {at}", goal.who)),
                Some((_, at)) => seen.add(false, format!("{} is at {at}", goal.who)),
                None => seen.add(false, format!("{} is not connected", goal.who)),
            }
        }
        Ok(seen.probe())
    }

    async fn goals(&self, nodes: &[NodeName]) -> Seen<Vec<Goal>> {
        let mut goals = Vec::new();
        for node in nodes {
            let before = goals.len();
            if self.role(node).await? == "standby" {
                let primary = self.primary_of(node).await?;
                let lsn = self.written_by(&primary).await?;
                goals.push(Goal {
                    who: node.to_string(),
                    ask: node.clone(),
                    sql: format!(
                        "SELECT concat_ws(' ', pg_last_wal_replay_lsn() >= {lsn}::pg_lsn, pg_last_wal_replay_lsn())"
                    ),
                });
            }
            goals.extend(self.subscription_goals(node).await?);
            if goals.len() == before {
                let why = format!(
                    "`{node}` is neither a standby nor a subscriber: it has nobody to catch up with"
                );
                return Err(failed(why));
            }
        }
        Ok(goals)
    }

    async fn subscription_goals(&self, node: &NodeName) -> Seen<Vec<Goal>> {
        let mut goals = Vec::new();
        for (name, publisher) in self.subscriptions(node).await? {
            let lsn = self.written_by(&publisher).await?;
            goals.push(Goal {
                who: format!("{node} ({name})"),
                ask: publisher,
                // The walsender of the subscription itself, not those that copy its tables.
                sql: format!(
                    "SELECT concat_ws(' ', replay_lsn >= {lsn}::pg_lsn, replay_lsn) FROM pg_stat_replication \
                     WHERE application_name = {}",
                    literal(&name)
                ),
            });
        }
        Ok(goals)
    }

    /// The subscriptions of a node that are enabled, each with the node that it connects to.
    async fn subscriptions(&self, node: &NodeName) -> Seen<Vec<(String, NodeName)>> {
        let sql = "SELECT string_agg(subname || ' ' || coalesce(substring(subconninfo FROM 'host=''?([a-z0-9_]+)'), ''), ',' ORDER BY subname) \
            FROM pg_subscription WHERE subenabled AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let found = self.ask(node, sql).await?.unwrap_or_default();
        let pairs = found.split(',').filter_map(|pair| pair.split_once(' '));
        let known =
            pairs.filter_map(|(name, host)| Some((name.to_owned(), self.node_called(host)?)));
        Ok(known.collect())
    }

    /// How far a node has written, or as a standby replayed.
    async fn written_by(&self, node: &NodeName) -> Seen {
        let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END";
        Ok(literal(&self.ask(node, sql).await?.unwrap_or_default()))
    }

    /// The primary that a standby's log comes from now.
    pub(in crate::run) async fn primary_of(&self, node: &NodeName) -> Seen<NodeName> {
        let mut at = node.clone();
        for _ in 0..self.lab.plan.nodes.len() {
            if self.role(&at).await? == "primary" {
                return Ok(at);
            }
            let host = self
                .ask(&at, "SELECT sender_host FROM pg_stat_wal_receiver")
                .await?;
            let Some(upstream) = host.as_deref().and_then(|host| self.node_called(host)) else {
                let found = format!("`{at}` streams from nobody");
                let expected = format!("a primary that `{node}` streams from");
                return Err(Wrong::Unmet { expected, found });
            };
            at = upstream;
        }
        Err(failed(format!(
            "`{node}` has no primary: its upstreams go round in a circle"
        )))
    }

    /// How far behind a standby, or a subscriber, is: in bytes that its upstream has and it has not replayed, or in time
    /// since the last transaction that it replayed was committed, while there is such log.
    pub(super) async fn lag(&self, wanted: &Lag) -> Seen<Probe<String>> {
        let node = &wanted.node;
        let sql = if self.role(node).await? == "standby" {
            let primary = self.primary_of_or_planned(node).await?;
            let lsn = self.written_by(&primary).await?;
            let sql = format!(
                "SELECT concat_ws(' ', greatest(0, pg_wal_lsn_diff({lsn}, pg_last_wal_replay_lsn())), \
                 coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0))"
            );
            self.ask(node, &sql).await?
        } else {
            self.furthest_behind(node).await?
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
        let least = wanted.at_least.is_none_or(|amount| {
            let (found, wanted) = measure(amount);
            found >= wanted
        });
        let most = wanted.at_most.is_none_or(|amount| {
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

    /// The lag of that of a node's subscriptions which has most of it: bytes, and seconds.
    async fn furthest_behind(&self, node: &NodeName) -> Seen<Option<String>> {
        let mut most: Option<(f64, String)> = None;
        for (name, publisher) in self.subscriptions(node).await? {
            let lsn = self.written_by(&publisher).await?;
            let sql = format!(
                "SELECT concat_ws(' ', pg_wal_lsn_diff({lsn}, replay_lsn), \
                 coalesce(extract(epoch FROM replay_lag), 0)) FROM pg_stat_replication WHERE application_name = {}",
                literal(&name)
            );
            let Some(lag) = self.ask(&publisher, &sql).await? else {
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
    async fn primary_of_or_planned(&self, node: &NodeName) -> Seen<NodeName> {
        match self.primary_of(node).await {
            Err(Wrong::Unmet { .. }) => Ok(self.lab.plan.primary_of(node).clone()),
            found => found,
        }
    }

    fn node_called(&self, host: &str) -> Option<NodeName> {
        let mut nodes = self.lab.plan.nodes.iter();
        nodes
            .find(|node| node.name.as_str() == host)
            .map(|node| node.name.clone())
    }

    pub(super) async fn synced(&self, step: &Step, wanted: &Synced) -> Seen<Probe<String>> {
        let database = step.database.as_ref().unwrap_or(&self.lab.plan.database);
        let client = self.connection(&wanted.node, database, None).await?;
        let only = wanted
            .subscription
            .as_ref()
            .map_or_else(String::new, |name| {
                format!(" AND s.subname = {}", literal(name.as_str()))
            });
        let sql = format!(
            "SELECT string_agg(concat_ws(' ', s.subname, \
                (SELECT count(*) FROM pg_subscription_rel WHERE srsubid = s.oid AND srsubstate = 'r'), \
                (SELECT count(*) FROM pg_subscription_rel WHERE srsubid = s.oid), \
                EXISTS (SELECT FROM pg_stat_subscription AS t WHERE t.subid = s.oid AND t.relid IS NULL AND t.pid IS NOT NULL)), ',') \
             FROM pg_subscription AS s WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()){only}"
        );
        let found = stage::one(&client, &sql).await?;
        let Some(found) = found else {
            return Ok(Probe::NotYet(match &wanted.subscription {
                Some(name) => format!("`{}` has no subscription `{name}`", wanted.node),
                None => format!("`{}` has no subscription", wanted.node),
            }));
        };
        let mut seen = Looked::default();
        for one in found.split(',') {
            let words: Vec<&str> = one.split(' ').collect();
            let [name, ready, tables, runs] = words.as_slice() else {
                continue;
            };
            let said = format!("{name}: {ready} of {tables} tables ready");
            match (ready == tables, *runs) {
                (true, "t") => seen.add(true, said),
                (_, "t") => seen.add(false, said),
                _ => seen.add(false, format!("{said}, its worker does not run")),
            }
        }
        Ok(seen.probe())
    }
}
