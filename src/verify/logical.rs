//! One subscription: what is written on its publisher arrives as it is published, and nothing else does.

mod judge;
mod published;

use std::time::Instant;

use crate::engine::Engine;
use crate::plan::{PlannedNode, PlannedSubscription};
use crate::postgres::client::words;
use crate::postgres::logical::TABLE_STATES;
use crate::report::{chain, duration};
use crate::wait::{Probe, WaitError, wait_for};

use super::probe::{self, ProbeRow, Sought};
use super::{Check, Failed, Proof, check, reason};
use judge::{Looked, is_wanted, judge};
use published::{Operations, Published, sought};

/// What is published to one subscription, asked of the publisher once.
pub(super) struct Edge<'a> {
    node: &'a PlannedNode,
    subscription: &'a PlannedSubscription,
    published: Vec<Published>,
    operations: Operations,
    /// The rows as the subscriber was last told of them.
    told: Vec<ProbeRow>,
    /// Which of them should be there.
    expected: Vec<bool>,
    sound: bool,
}

impl Edge<'_> {
    fn claim(&self, claim: &str) -> String {
        let (upstream, name) = (&self.subscription.upstream, &self.subscription.name);
        format!("{upstream} => {} ({name}): {claim}", self.node.name)
    }
}

/// One stage of a row's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Inserted,
    Updated,
    Deleted,
}

impl<E: Engine> Proof<'_, E> {
    /// Whether the subscription follows; what the other checks of it need.
    pub(super) async fn follows<'p>(
        &self,
        node: &'p PlannedNode,
        subscription: &'p PlannedSubscription,
    ) -> (Vec<Check>, Edge<'p>) {
        let mut edge = Edge {
            node,
            subscription,
            published: Vec::new(),
            operations: Operations::default(),
            told: Vec::new(),
            expected: Vec::new(),
            sound: false,
        };
        let name = edge.claim("follows");
        let looked = async {
            let follows = self.is_following(node, subscription).await?;
            let publisher = self.client(self.cluster.plan.primary_of(&subscription.upstream))?;
            (edge.published, edge.operations) = published::ask(publisher, subscription).await?;
            if edge.published.is_empty() {
                return Err("its publications have no table".to_owned());
            }
            Ok(follows)
        };
        let check = check(name, looked).await;
        edge.sound = check.passed;
        (vec![check], edge)
    }

    /// The worker runs, every table is copied, and the slot on the upstream is in use.
    async fn is_following(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
    ) -> Result<String, String> {
        let subscriber = self.client(&node.name)?;
        let upstream = self.client(&subscription.upstream)?;
        let name = subscription.name.as_str();
        let sql = "SELECT s.subenabled, t.pid IS NOT NULL FROM pg_subscription AS s \
            LEFT JOIN pg_stat_subscription AS t ON t.subid = s.oid AND t.relid IS NULL \
            WHERE s.subname = $1 AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let waited = wait_for(self.within, self.cancel, || async {
            let failed = |error| Failed(words(error));
            let rows = subscriber.query(sql, &[&name]).await.map_err(failed)?;
            let Some(row) = rows.first() else {
                return Err(Failed(format!(
                    "`{}` has no subscription `{name}`",
                    node.name
                )));
            };
            if !row.get::<_, bool>(0) {
                return Err(Failed(format!(
                    "the subscription `{name}` is disabled: `ALTER SUBSCRIPTION {name} ENABLE` lets it go on"
                )));
            }
            let tables = subscriber
                .query(TABLE_STATES, &[&name])
                .await
                .map_err(failed)?;
            let waiting = tables.iter().find(|row| row.get::<_, &str>(1) != "r");
            if let Some(row) = waiting {
                let (table, state) = (row.get::<_, &str>(0), row.get::<_, &str>(2));
                return Ok(Probe::NotYet(format!("the table {table} is {state}")));
            }
            if !row.get::<_, bool>(1) {
                return Ok(Probe::NotYet(format!("no worker applies `{name}`")));
            }
            let slot = subscription.slot.as_str();
            let sql = "SELECT active FROM pg_replication_slots WHERE slot_name = $1";
            let slots = upstream.query(sql, &[&slot]).await.map_err(failed)?;
            match slots.first().map(|row| row.get::<_, bool>(0)) {
                None => Err(Failed(format!(
                    "`{}` has no replication slot `{slot}`",
                    subscription.upstream
                ))),
                Some(false) => Ok(Probe::NotYet(format!("slot `{slot}` is not in use"))),
                Some(true) => {
                    let ready = judge::count(tables.len(), "table");
                    Ok(Probe::Ready(format!(
                        "{ready} ready, slot `{slot}` is active"
                    )))
                }
            }
        });
        self.explained(node, subscription, waited.await).await
    }

    /// What is at the subscriber after a stage is what should be.
    pub(super) async fn stage(
        &self,
        edge: &mut Edge<'_>,
        stage: Stage,
        rows: &[ProbeRow],
        lsn: &str,
        at: Instant,
    ) -> Option<Check> {
        if !edge.sound {
            return None;
        }
        let claim = match stage {
            Stage::Inserted => "rows arrive as published",
            Stage::Updated => "changes arrive as published",
            Stage::Deleted => "removals arrive as published",
        };
        let name = edge.claim(claim);
        let check = check(name, self.compared(edge, stage, rows, lsn, at)).await;
        edge.sound = check.passed;
        Some(check)
    }

    async fn compared(
        &self,
        edge: &mut Edge<'_>,
        stage: Stage,
        rows: &[ProbeRow],
        lsn: &str,
        at: Instant,
    ) -> Result<String, String> {
        let subscriber = self.client(&edge.node.name)?;
        let chained = |error| chain(&error);
        let told = std::mem::take(&mut edge.told);
        let rows = if stage == Stage::Deleted { &told } else { rows };
        let published = edge.published.clone();
        let wanted: Vec<Option<(Sought<'_>, &Published)>> =
            rows.iter().map(|row| sought(&published, row)).collect();
        if stage != Stage::Deleted {
            let passes = self.passes(edge, &wanted).await?;
            edge.expected.resize(rows.len(), false);
            for (expected, passes) in edge.expected.iter_mut().zip(passes) {
                match stage {
                    Stage::Inserted => *expected = passes && edge.operations.insert,
                    // A row that begins to pass is inserted, one that no longer does is removed (manual, 29.4.4).
                    _ if edge.operations.update => *expected = passes,
                    _ => {}
                }
            }
        }
        self.applied(edge.node, edge.subscription, lsn).await?;
        let after = duration(at.elapsed());
        let asked: Vec<Sought<'_>> = wanted
            .iter()
            .flatten()
            .map(|(row, _)| row.clone())
            .collect();
        let seen = probe::sight(subscriber, &asked).await.map_err(chained)?;
        let expected = wanted.iter().zip(&edge.expected);
        let looked: Vec<Looked<'_>> = expected
            .filter_map(|(wanted, expected)| Some((wanted.as_ref()?, *expected)))
            .zip(seen)
            .map(|(((row, published), expected), seen)| Looked {
                table: &published.table,
                expected,
                filtered: !published.filters.is_empty(),
                values: (row.values(), row.row.columns.len() - row.values()),
                seen,
            })
            .collect();
        let tally = judge(stage, edge.operations, &looked)?;
        if stage == Stage::Deleted && !edge.operations.delete {
            self.sweep(edge, &asked, &looked).await?;
        }
        let mut text = tally.text(stage, edge.operations);
        if stage == Stage::Inserted
            && let Some(kept_back) = self.kept_back(edge).await?
        {
            text = format!("{text}; {kept_back} that filters keep back are not there");
        }
        edge.told = match stage {
            Stage::Updated if !edge.operations.update => told,
            _ => rows.to_vec(),
        };
        Ok(format!("{text} at {lsn}, after {after}"))
    }

    /// Which rows pass their publications' filters, asked where they were written.
    async fn passes(
        &self,
        edge: &Edge<'_>,
        wanted: &[Option<(Sought<'_>, &Published)>],
    ) -> Result<Vec<bool>, String> {
        let source = self.cluster.plan.primary_of(&edge.subscription.upstream);
        let filtered: Vec<(&ProbeRow, &[String])> = wanted
            .iter()
            .flatten()
            .map(|(row, published)| (row.row, published.filters.as_slice()))
            .collect();
        let passes = probe::pass(self.client(source)?, &filtered).await;
        let mut passes = passes.map_err(|error| chain(&error))?.into_iter();
        Ok(wanted
            .iter()
            .map(|row| row.is_some() && passes.next() == Some(true))
            .collect())
    }

    /// Looks for rows that the filters keep back, and says how many there are of them at the publisher. Nothing without
    /// filters.
    async fn kept_back(&self, edge: &Edge<'_>) -> Result<Option<String>, String> {
        let source = self.cluster.plan.primary_of(&edge.subscription.upstream);
        let (publisher, subscriber) = (self.client(source)?, self.client(&edge.node.name)?);
        let chained = |error| chain(&error);
        let mut count = None;
        for table in &edge.published {
            let Published {
                table,
                columns,
                filters,
            } = table;
            let rows = probe::kept_back(publisher, table, columns, filters).await;
            let rows = rows.map_err(chained)?;
            let wanted: Vec<Sought<'_>> = rows
                .iter()
                .map(|row| Sought {
                    row,
                    table,
                    columns,
                })
                .collect();
            let seen = probe::sight(subscriber, &wanted).await.map_err(chained)?;
            if let Some(at) = seen.iter().position(|seen| seen.rows > 0) {
                let values: Vec<String> = rows[at].values.iter().flatten().cloned().collect();
                return Err(format!(
                    "{table}: a row that the filter keeps back is there: {}",
                    values.join(", ")
                ));
            }
            if !filters.is_empty() {
                count = Some(count.unwrap_or(0) + rows.len());
            }
        }
        Ok(count.map(|count| judge::count(count, "row")))
    }

    /// Takes away what no removal is sent for.
    async fn sweep(
        &self,
        edge: &Edge<'_>,
        asked: &[Sought<'_>],
        looked: &[Looked<'_>],
    ) -> Result<(), String> {
        let left: Vec<Sought<'_>> = asked
            .iter()
            .zip(looked)
            .filter(|(_, looked)| is_wanted(Stage::Inserted, looked.expected, edge.operations))
            .map(|(row, _)| row.clone())
            .collect();
        let swept = probe::sweep(self.client(&edge.node.name)?, &left).await;
        swept.map_err(|error| chain(&error))
    }

    /// Waits until the subscription has applied the log up to a position of its publisher's.
    async fn applied(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        lsn: &str,
    ) -> Result<(), String> {
        let upstream = self.client(&subscription.upstream)?;
        let slot = subscription.slot.as_str();
        // What is applied may be on the subscriber's disk a fifth of a second later (`synchronous_commit = off`).
        let sql = "SELECT s.confirmed_flush_lsn >= $2::text::pg_lsn OR coalesce(r.replay_lsn >= $2::text::pg_lsn, false), \
            coalesce(r.replay_lsn, s.confirmed_flush_lsn)::text, s.active FROM pg_replication_slots AS s \
            LEFT JOIN pg_stat_replication AS r ON r.pid = s.active_pid WHERE s.slot_name = $1";
        let waited = wait_for(self.within, self.cancel, || async {
            let rows = upstream.query(sql, &[&slot, &lsn]).await;
            let rows = rows.map_err(|error| Failed(words(error)))?;
            let Some(row) = rows.first() else {
                return Err(Failed(format!("the slot `{slot}` is gone")));
            };
            if row.get::<_, Option<bool>>(0) == Some(true) {
                return Ok(Probe::Ready(()));
            }
            let confirmed = row.get::<_, Option<String>>(1);
            Ok(Probe::NotYet(format!(
                "what comes through slot `{slot}` is applied up to {}, not {lsn}, and the slot is {}",
                confirmed.as_deref().unwrap_or("nothing"),
                if row.get(2) { "in use" } else { "not in use" }
            )))
        });
        self.explained(node, subscription, waited.await).await
    }

    /// How often the changes of a subscription could not be applied. The counters are PostgreSQL 15's.
    pub(super) async fn apply_errors(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
    ) -> Result<i64, String> {
        let sql = "SELECT apply_error_count FROM pg_stat_subscription_stats WHERE subname = $1";
        let client = self.client(&node.name)?;
        let row = client.query_one(sql, &[&subscription.name.as_str()]).await;
        Ok(row.map_err(words)?.get(0))
    }

    /// Whether a subscription has had everything that its publisher logged so far, without an error since `before`: a
    /// change that came back to where it was made would fail there on its own key.
    pub(super) async fn no_return(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        before: &Result<i64, String>,
    ) -> Check {
        let name = format!(
            "{} => {} ({}): changes do not come back",
            subscription.upstream, node.name, subscription.name
        );
        let looked = async {
            let before = before.clone()?;
            let publisher = self.cluster.plan.primary_of(&subscription.upstream);
            let (lsn, _) = super::edge::now(self.client(publisher)?).await?;
            self.applied(node, subscription, &lsn).await?;
            let failed = self.apply_errors(node, subscription).await? - before;
            if failed > 0 {
                return Err(format!("applying failed {failed} times"));
            }
            Ok(format!("everything up to {lsn} applied, none failed"))
        };
        check(name, looked).await
    }

    /// The outcome of a wait, with what the subscriber's container and log say where it ended badly.
    async fn explained<T>(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        waited: Result<T, WaitError<Failed>>,
    ) -> Result<T, String> {
        match waited {
            Ok(value) => Ok(value),
            Err(error) => Err(
                match reason::of_subscription(self.cluster, &node.name, subscription.name.as_str())
                    .await
                {
                    Some(why) => format!("{error}; {why}"),
                    None => error.to_string(),
                },
            ),
        }
    }
}
