//! One subscription: rows of its publisher arrive as they are published, and nothing else arrives.

mod judge;
mod mutual;
mod published;
mod sweep;
mod triggers;

use crate::failure::Failure;
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedSubscription};
use crate::server::client::identifier;
use crate::server::lsn::Lsn;
use crate::server::{replication, slots, subscriptions};
use crate::text::{chain, count, duration};
use crate::wait::{Probe, WaitError, wait_for};

use super::edge::WrittenRows;
use super::probe::{self, Inserted, ProbeRow, Sought};
use super::{Check, Prover, limited, reason};
use judge::{Looked, after_change, judge};
use published::{Operations, Published, left_out, sought};

/// The published tables of one subscription, read from the publisher once, and the state of its checks.
pub(super) struct Edge<'a> {
    node: &'a PlannedNode,
    subscription: &'a PlannedSubscription,
    published: Vec<Published>,
    /// The rows as the last published change left them.
    told: Vec<ProbeRow>,
    /// Whether the subscriber should have each row.
    expected: Vec<bool>,
    /// Whether each row passes its filters.
    passed: Vec<bool>,
    /// Whether each row equals another row of its table, so that it proves nothing.
    alike: Vec<bool>,
    sound: bool,
}

impl<'a> Edge<'a> {
    fn new(node: &'a PlannedNode, subscription: &'a PlannedSubscription) -> Self {
        Self {
            node,
            subscription,
            published: Vec::new(),
            told: Vec::new(),
            expected: Vec::new(),
            passed: Vec::new(),
            alike: Vec::new(),
            sound: false,
        }
    }

    fn claim(&self, claim: &str) -> String {
        let (upstream, name) = (&self.subscription.upstream, &self.subscription.name);
        format!("{upstream} => {} ({name}): {claim}", self.node.name)
    }

    /// Records which rows the subscriber should have, from which rows pass the filters.
    fn expect(&mut self, stage: RowStage, wanted: &[ExpectedRow<'_>], passes: Vec<bool>) {
        if stage == RowStage::Inserted {
            let inserts =
                |row: &ExpectedRow<'_>| row.as_ref().is_some_and(|(_, of)| of.operations.insert);
            let rows = wanted.iter().zip(&passes);
            self.expected = rows.map(|(row, passes)| *passes && inserts(row)).collect();
        } else {
            for (at, row) in wanted.iter().enumerate() {
                let Some((row, of)) = row else { continue };
                if row.row.ctid != self.told[at].ctid {
                    let both = [self.passed[at], passes[at]];
                    self.expected[at] = after_change(self.expected[at], both, of.operations);
                }
            }
        }
        self.passed = passes;
    }

    /// The operations that any of its tables publishes.
    fn operations(&self) -> Operations {
        let all = self.published.iter().map(|table| table.operations);
        all.fold(Operations::default(), Operations::or)
    }

    /// Its node.
    pub(super) fn subscriber(&self) -> &'a NodeName {
        &self.node.name
    }

    /// Whether its checks can go on.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// The tables of its publisher from which no DELETE reaches it. A partition is listed as its root.
    pub(super) fn keeps(&self) -> impl Iterator<Item = &str> {
        let kept = self
            .published
            .iter()
            .filter(|table| !table.operations.delete);
        kept.map(|table| table.root.as_str())
    }
}

/// A row to look for, with its table's publication; `None` if the table is not published.
type ExpectedRow<'a> = Option<(Sought<'a>, &'a Published)>;

/// One stage of a row's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowStage {
    Inserted,
    Updated,
    Deleted,
}

impl Prover<'_> {
    /// Checks that the subscription follows, and returns what its other checks need.
    pub(super) async fn follows<'p>(
        &self,
        node: &'p PlannedNode,
        subscription: &'p PlannedSubscription,
    ) -> (Vec<Check>, Edge<'p>) {
        let mut edge = Edge::new(node, subscription);
        let name = edge.claim("follows");
        let looked = async {
            let publisher = self.client(self.lab.plan.primary_of(&subscription.upstream));
            if let Ok(publisher) = publisher {
                edge.published = published::ask(publisher, subscription).await?;
            }
            let follows = self.is_following(node, subscription).await?;
            publisher?;
            if edge.published.is_empty() {
                return Err(Failure::seen("its publications have no table"));
            }
            Ok(follows)
        };
        let check = self.check_at(&node.name, self.within, name, looked).await;
        edge.sound = check.passed;
        (vec![check], edge)
    }

    /// Waits until the worker runs, every table is ready, and the slot on the upstream is in use.
    async fn is_following(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
    ) -> Result<String, Failure> {
        let subscriber = self.client(&node.name)?;
        let upstream = self.client(&subscription.upstream)?;
        let name = subscription.name.as_str();
        let waited = wait_for(self.within, self.cancel, || async {
            let failed = |error| Failure::from(error);
            let found = subscriptions::subscriptions(subscriber)
                .await
                .map_err(failed)?;
            let Some(found) = subscriptions::named(&found, name) else {
                return Err(Failure::seen(format!(
                    "`{}` has no subscription `{name}`",
                    node.name
                )));
            };
            if !found.is_enabled {
                return Err(Failure::seen(format!(
                    "the subscription `{name}` is disabled: `ALTER SUBSCRIPTION {} ENABLE` resumes it",
                    identifier(name)
                )));
            }
            if let Some(table) = found.unready().next() {
                let (table, state) = (&table.name, table.state.meaning());
                return Ok(Probe::NotYet(format!("the table {table} is {state}")));
            }
            if !found.is_applied {
                return Ok(Probe::NotYet(format!("no worker applies `{name}`")));
            }
            let slot = subscription.slot.as_str();
            let slots = slots::slots(upstream).await.map_err(failed)?;
            match slots::named(&slots, slot) {
                None => Err(Failure::seen(format!(
                    "`{}` has no replication slot `{slot}`",
                    subscription.upstream
                ))),
                Some(seen) if !seen.is_active => {
                    Ok(Probe::NotYet(format!("slot `{slot}` is not in use")))
                }
                Some(_) => {
                    published::refreshed(upstream, found).await?;
                    let ready = count(found.tables.len(), "table");
                    Ok(Probe::Ready(format!(
                        "{ready} ready, slot `{slot}` is active"
                    )))
                }
            }
        });
        self.explained(node, subscription, waited.await).await
    }

    /// Checks that the subscriber has the right rows after a stage.
    pub(super) async fn stage(
        &self,
        edge: &mut Edge<'_>,
        stage: RowStage,
        written: &WrittenRows,
    ) -> Option<Check> {
        if !edge.sound {
            return None;
        }
        let claim = match stage {
            RowStage::Inserted => "rows arrive as published",
            RowStage::Updated => "updates arrive as published",
            RowStage::Deleted => "deletes arrive as published",
        };
        let name = edge.claim(claim);
        let node = &edge.node.name;
        let looked = Box::pin(self.compared(edge, stage, written));
        let check = self.check_at(node, self.within, name, looked).await;
        edge.sound = check.passed;
        Some(check)
    }

    async fn compared(
        &self,
        edge: &mut Edge<'_>,
        stage: RowStage,
        written: &WrittenRows,
    ) -> Result<String, Failure> {
        let Inserted { rows, lsn, .. } = &written.inserted;
        let subscriber = self.client(&edge.node.name)?;
        let chained = |error| chain(&error);
        let told = std::mem::take(&mut edge.told);
        let rows = if stage == RowStage::Deleted {
            &told
        } else {
            rows
        };
        let published = edge.published.clone();
        let wanted: Vec<ExpectedRow<'_>> = rows.iter().map(|row| sought(&published, row)).collect();
        if stage != RowStage::Deleted {
            edge.told.clone_from(&told);
            let passes = self.passes(edge, &wanted).await?;
            edge.expect(stage, &wanted, passes);
            self.compare_with_others(edge, &wanted).await?;
        }
        self.applied(edge.node, edge.subscription, *lsn).await?;
        let after = duration(written.at.elapsed());
        let asked: Vec<(usize, &Sought<'_>, &Published)> = wanted
            .iter()
            .enumerate()
            .filter_map(|(at, wanted)| wanted.as_ref().map(|(row, of)| (at, row, *of)))
            .filter(|(at, ..)| !edge.alike[*at])
            .collect();
        let rows_asked: Vec<Sought<'_>> = asked.iter().map(|(_, row, _)| (*row).clone()).collect();
        let seen = probe::sight(subscriber, &rows_asked)
            .await
            .map_err(chained)?;
        let looked: Vec<Looked<'_>> = asked
            .iter()
            .zip(seen)
            .map(|((at, row, published), seen)| Looked {
                table: &published.table,
                expected: edge.expected[*at],
                filtered: !published.filters.is_empty(),
                values: (row.values(), row.row.columns.len() - row.values()),
                same: told.get(*at).is_some_and(|told| row.is_same(told)),
                operations: published.operations,
                seen,
            })
            .collect();
        let tally = judge(stage, &looked)?;
        if stage == RowStage::Deleted {
            self.sweep(edge, &wanted).await?;
        }
        let mut text = if looked.is_empty() {
            "no row can be looked for, the log is applied".to_owned()
        } else {
            tally.text(stage, edge.operations())
        };
        if stage == RowStage::Inserted {
            if let Some(kept_back) = self.kept_back(edge).await? {
                text = format!("{text}; {kept_back} that filters exclude are absent");
            }
            for left in left_out(&published, &written.inserted)
                .iter()
                .chain(&sweep::alike(edge, &wanted))
            {
                text = format!("{text}; {left}");
            }
        }
        edge.told = told_now(stage, &told, &wanted, rows);
        Ok(format!("{text} at {lsn}, after {after}"))
    }

    /// Whether each row passes its publications' filters, as the server where it was written says.
    async fn passes(
        &self,
        edge: &Edge<'_>,
        wanted: &[ExpectedRow<'_>],
    ) -> Result<Vec<bool>, Failure> {
        let source = self.lab.plan.primary_of(&edge.subscription.upstream);
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

    /// Waits until a subscription whose checks went well so far has applied everything up to a position.
    pub(super) async fn has_applied(&self, edge: &Edge<'_>, lsn: Lsn) -> Result<(), Failure> {
        self.applied(edge.node, edge.subscription, lsn).await
    }

    /// Waits until the subscription has applied the publisher's WAL up to a position.
    pub(super) async fn applied(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        lsn: Lsn,
    ) -> Result<(), Failure> {
        let upstream = self.client(&subscription.upstream)?;
        let slot = subscription.slot.as_str();
        let waited = wait_for(self.within, self.cancel, || async {
            let failed = |error| Failure::from(error);
            let slots = slots::slots(upstream).await.map_err(failed)?;
            let Some(found) = slots::named(&slots, slot) else {
                return Err(Failure::seen(format!("the slot `{slot}` is gone")));
            };
            let senders = replication::senders(upstream).await.map_err(failed)?;
            let sender = replication::through(&senders, found);
            // An applied change may reach the subscriber's disk a fifth of a second later (`synchronous_commit = off`).
            let applied = sender.and_then(|sender| sender.replay_lsn);
            if found.confirmed_flush_lsn.max(applied) >= Some(lsn) {
                return Ok(Probe::Ready(()));
            }
            let seen = applied.or(found.confirmed_flush_lsn);
            Ok(Probe::NotYet(format!(
                "slot `{slot}` is confirmed up to {}, not {lsn}, and is {}",
                seen.map_or_else(|| "nothing".to_owned(), |seen| seen.to_string()),
                if found.is_active {
                    "in use"
                } else {
                    "not in use"
                }
            )))
        });
        self.explained(node, subscription, waited.await).await
    }

    /// The outcome of a wait. A failure gets the reason from the subscriber's container and log.
    async fn explained<T>(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        waited: Result<T, WaitError<Failure>>,
    ) -> Result<T, Failure> {
        match waited {
            Ok(value) => Ok(value),
            Err(error) => Err(self.with_reason(node, subscription, limited(error)).await),
        }
    }

    /// A failure with the reason from the subscriber's container and log.
    async fn with_reason(
        &self,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        failure: Failure,
    ) -> Failure {
        match reason::of_subscription(self.lab, &node.name, subscription).await {
            Some(why) => Failure {
                hint: why.hint.clone(),
                ..failure.and_seen(why)
            },
            None => failure,
        }
    }
}

/// The rows as the published changes leave them after a stage.
fn told_now(
    stage: RowStage,
    told: &[ProbeRow],
    wanted: &[ExpectedRow<'_>],
    rows: &[ProbeRow],
) -> Vec<ProbeRow> {
    let kept = |at: usize| {
        let (_, of) = wanted[at].as_ref()?;
        (stage == RowStage::Updated && !of.operations.update).then(|| told.get(at))?
    };
    let rows = rows.iter().enumerate();
    rows.map(|(at, row)| kept(at).unwrap_or(row).clone())
        .collect()
}
