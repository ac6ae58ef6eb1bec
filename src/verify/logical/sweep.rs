//! Rows that a subscriber must not have, and rows that must not stay there.

use crate::failure::Failure;
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedSubscription};
use crate::text::chain;
use crate::verify::probe::{self, ProbeRow, Sought};
use crate::verify::{Check, Prover, check};

use super::published::{self, Published, sought};
use super::{Edge, ExpectedRow};

impl Prover<'_> {
    /// Finds the rows whose published values equal those of another row of their table. A table without a key may have
    /// such rows.
    pub(super) async fn compare_with_others(
        &self,
        edge: &mut Edge<'_>,
        wanted: &[ExpectedRow<'_>],
    ) -> Result<(), Failure> {
        edge.alike.resize(wanted.len(), false);
        let rows = wanted.iter().enumerate();
        let doubtful: Vec<(usize, Sought<'_>)> = rows
            .filter_map(|(at, row)| row.as_ref().map(|(row, of)| (at, row, of)))
            .filter(|(_, _, of)| of.key.is_empty())
            .map(|(at, row, _)| (at, row.clone()))
            .collect();
        let asked: Vec<Sought<'_>> = doubtful.iter().map(|(_, row)| row.clone()).collect();
        let source = self.lab.plan.primary_of(&edge.subscription.upstream);
        let seen = probe::sight(self.client(source)?, &asked).await;
        let seen = seen.map_err(|error| chain(&error))?;
        for ((at, _), seen) in doubtful.iter().zip(seen) {
            edge.alike[*at] |= seen.rows > 1;
        }
        Ok(())
    }

    /// Looks for rows that the filters exclude, and returns how many the publisher has. `None` without filters.
    pub(super) async fn kept_back(&self, edge: &Edge<'_>) -> Result<Option<String>, Failure> {
        let source = self.lab.plan.primary_of(&edge.subscription.upstream);
        let (publisher, subscriber) = (self.client(source)?, self.client(&edge.node.name)?);
        let chained = |error| chain(&error);
        let mut count = None;
        for table in &edge.published {
            let Published {
                table,
                columns,
                filters,
                own,
                key,
                ..
            } = table;
            let rows = probe::kept_back(publisher, table, columns, filters).await;
            let rows = rows.map_err(chained)?;
            let wanted: Vec<Sought<'_>> = rows
                .iter()
                .map(|row| Sought {
                    row,
                    table,
                    columns,
                    own,
                    key,
                })
                .collect();
            let seen = probe::sight(subscriber, &wanted).await.map_err(chained)?;
            if let Some(at) = seen.iter().position(|seen| seen.rows > 0) {
                let values: Vec<String> = rows[at].values.iter().flatten().cloned().collect();
                return Err(format!(
                    "{table}: a row that the filter excludes is there: {}",
                    values.join(", ")
                )
                .into());
            }
            if !filters.is_empty() {
                count = Some(count.unwrap_or(0) + rows.len());
            }
        }
        Ok(count.map(|rows| crate::text::count(rows, "row")))
    }

    /// Removes the rows for which no DELETE is published.
    pub(super) async fn sweep(
        &self,
        edge: &Edge<'_>,
        wanted: &[ExpectedRow<'_>],
    ) -> Result<(), Failure> {
        let rows = wanted.iter().zip(&edge.expected);
        let left: Vec<Sought<'_>> = rows
            .filter_map(|(wanted, expected)| wanted.as_ref().filter(|_| *expected))
            .filter(|(_, of)| !of.operations.delete)
            .map(|(row, _)| row.clone())
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let swept = probe::sweep(self.client(&edge.node.name)?, &left).await;
        Ok(swept?)
    }

    /// Removes the rows of a subscription whose checks failed halfway, as far as they have arrived. It finds them by
    /// their values; the publisher no longer has them. Returns a failed check if that was not possible.
    pub(in crate::verify) async fn sweep_what_is_left(
        &self,
        edge: &Edge<'_>,
        versions: &[&[ProbeRow]],
    ) -> Option<Check> {
        let rows = versions.iter().flat_map(|rows| rows.iter().enumerate());
        let left: Vec<Sought<'_>> = rows
            .filter_map(|(at, row)| Some((at, sought(&edge.published, row)?)))
            .filter(|(_, (_, of)): &(_, (_, &Published))| !of.operations.delete)
            .map(|(at, (mut row, of))| {
                // A row may have its older or newer values there.
                if !of.key.is_empty() && edge.expected.get(at) == Some(&true) {
                    row.columns = &of.key;
                }
                row
            })
            .collect();
        let source = self.lab.plan.primary_of(&edge.subscription.upstream);
        let subscriber = self.client(&edge.node.name).ok()?;
        let sweeping = async {
            let there = probe::sight(self.client(source)?, &left).await;
            let there = there.map_err(|error| chain(&error))?;
            let gone = left.iter().zip(there).filter(|(_, seen)| seen.rows == 0);
            let gone: Vec<Sought<'_>> = gone.map(|(row, _)| row.clone()).collect();
            let swept = probe::sweep(subscriber, &gone).await;
            swept?;
            Ok(String::new())
        };
        let swept = check(edge.claim("the written rows are removed"), sweeping).await;
        (!swept.passed).then_some(swept)
    }

    /// Removes a node's rows from subscribers of subscribers. A DELETE does not reach them if a publication on the way
    /// does not publish it.
    pub(in crate::verify) async fn sweep_beyond(
        &self,
        primary: &PlannedNode,
        versions: &[&[ProbeRow]],
    ) -> Vec<Check> {
        let plan = &self.lab.plan;
        let mut reached = vec![&primary.name];
        let mut checks = Vec::new();
        let mut next = 0;
        while let Some(publisher) = reached.get(next).copied() {
            next += 1;
            for (node, subscription) in plan.subscriptions() {
                let is_below = plan.primary_of(&subscription.upstream) == publisher;
                if !is_below || reached.contains(&&node.name) {
                    continue;
                }
                reached.push(&node.name);
                if *publisher != primary.name {
                    checks.extend(
                        self.sweep_below(publisher, node, subscription, versions)
                            .await,
                    );
                }
            }
        }
        checks
    }

    async fn sweep_below(
        &self,
        publisher: &NodeName,
        node: &PlannedNode,
        subscription: &PlannedSubscription,
        versions: &[&[ProbeRow]],
    ) -> Option<Check> {
        let mut edge = Edge::new(node, subscription);
        let client = self.client(publisher).ok()?;
        edge.published = published::ask(client, subscription).await.ok()?;
        // Rows without a key could be the user's.
        edge.published
            .retain(|table| !table.operations.delete && !table.key.is_empty());
        if edge.published.is_empty() {
            return None;
        }
        // A row that is still on its way would arrive after the sweep.
        let (lsn, _) = crate::verify::edge::now(client).await.ok()?;
        self.applied(node, subscription, lsn).await.ok()?;
        self.sweep_what_is_left(&edge, versions).await
    }
}

/// The tables whose row equals others, so that it proves nothing.
pub(super) fn alike(edge: &Edge<'_>, wanted: &[ExpectedRow<'_>]) -> Vec<String> {
    let rows = wanted.iter().zip(&edge.alike);
    let alike = rows
        .filter(|(_, alike)| **alike)
        .filter_map(|(row, _)| row.as_ref());
    alike
        .map(|(_, of)| format!("{} was left out: its rows look alike", of.table))
        .collect()
}
