//! One edge: rows of the primary arrive at a standby through its upstream, and nothing else arrives.

mod sender;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::plan::{PlannedNode, Standby};
use crate::server::catalog::{self, Table};
use crate::server::client::{Reader, words};
use crate::server::lsn::Lsn;
use crate::server::replication::{self, Sender};
use crate::server::slots::{self, WalStatus};
use crate::server::{position, state};
use crate::text::{chain, count, duration};
use crate::wait::{Probe, WaitError, wait_for};

use super::compare::compare;
use super::probe::{self, Commit, How, Inserted, Skipped, UncommittedRows};
use super::{Check, NotProven, Prover, beside, check, limited, reason};
use sender::{Reach, streaming};

/// SQLSTATE `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";

/// The rows that were written, and when.
pub(super) struct WrittenRows {
    pub(super) inserted: Inserted,
    pub(super) at: Instant,
    tables: Vec<Table>,
}

/// Whether the server takes writes.
pub(super) async fn is_primary(client: &Reader) -> Result<String, Failure> {
    let state = state::state(client).await.map_err(words)?;
    if state.is_standby {
        return Err("it is in recovery: a standby, not a primary"
            .to_owned()
            .into());
    }
    Ok(format!("not in recovery, timeline {}", state.timeline))
}

/// The present WAL position.
pub(super) async fn now(client: &Reader) -> Result<(Lsn, Instant), Failure> {
    let lsn = position::flushed(client).await.map_err(words)?;
    Ok((lsn, Instant::now()))
}

/// The comparison in words.
fn summary(inserted: &Inserted, values: usize) -> String {
    let rows = inserted.rows.len();
    if rows == 0 && inserted.skipped.is_empty() {
        return "the database has no tables; the log arrived".to_owned();
    }
    let updated = inserted
        .rows
        .iter()
        .filter(|row| matches!(row.how, How::Updated { .. }))
        .count();
    let (tables, rows) = (count(rows, "table"), count(rows, "row"));
    let values = count(values, "value");
    let mut text = format!("{rows} in {tables}, {values} equal");
    if updated > 0 {
        _ = write!(text, ", {updated} of the rows updated in place");
    }
    text
}

/// Removes the rows that [`write`] wrote.
pub(super) async fn remove(client: &Reader, written: &WrittenRows) -> Result<String, Failure> {
    let removed = probe::remove(client, &written.inserted.rows)
        .await
        .map_err(|error| chain(&error))?;
    match removed.left.first() {
        None => Ok(count(removed.rows, "row")),
        Some(left) => Err(format!("a row is left in {}: {}", left.table, left.because).into()),
    }
}

impl Prover<'_> {
    /// Inserts a row into every table and takes the WAL position after the commit.
    ///
    /// The commit waits for no standby; another check covers that. The tables in `barred` get no row.
    pub(super) async fn write(
        &self,
        primary: &PlannedNode,
        client: &Reader,
        barred: &[String],
    ) -> Result<WrittenRows, Failure> {
        let mut catalog = catalog::read(client).await.map_err(|error| chain(&error))?;
        let is_barred = |table: &Table| barred.contains(&probe::qualified(table));
        catalog.tables.retain(|table| !is_barred(table));
        // The time is taken before the commit. A delayed standby cannot show the row earlier than this time plus its delay,
        // even if this task has to wait for its turn.
        let at = Instant::now();
        let written = probe::write(client, &catalog.tables).await;
        let UncommittedRows { rows, skipped } = written.map_err(|error| chain(&error))?;
        self.note_rows(&primary.name, client, &rows).await?;
        let lsn = probe::commit(client, Commit::Local).await;
        let lsn = lsn.map_err(|error| chain(&error))?;
        let mut inserted = Inserted { rows, skipped, lsn };
        inserted.skipped.extend(barred.iter().map(|table| Skipped {
            table: table.clone(),
            because: "a subscriber that does not follow would keep the row".to_owned(),
        }));
        let left = inserted.skipped.iter().map(|left| NotProven {
            name: format!("{}: {}", primary.name, beside::shown(&left.table)),
            because: left.because.clone(),
        });
        self.not_proven.lock().await.extend(left);
        if !inserted.rows.is_empty() {
            return Ok(WrittenRows {
                inserted,
                at,
                tables: catalog.tables,
            });
        }
        // Nothing was written, so every standby would already be past this position. A message moves it.
        let sql = "SET synchronous_commit = local; SELECT pg_catalog.pg_logical_emit_message(true, 'lab', 'verify')";
        client.batch_execute(sql).await.map_err(words)?;
        Ok(WrittenRows {
            inserted: Inserted {
                lsn: position::flushed(client).await.map_err(words)?,
                ..inserted
            },
            at,
            tables: catalog.tables,
        })
    }

    /// Updates the rows, and takes the WAL position after that. A row that refuses the UPDATE stays as it is.
    pub(super) async fn change(
        &self,
        primary: &PlannedNode,
        client: &Reader,
        written: &mut WrittenRows,
    ) -> Result<(), Failure> {
        let changed = probe::update(client, &written.tables, &written.inserted.rows).await;
        let (rows, refused) = changed.map_err(|error| chain(&error))?;
        for Skipped { table, because } in refused {
            tracing::debug!(table, because, "not changed");
        }
        self.note_rows(&primary.name, client, &rows).await?;
        client.batch_execute("COMMIT").await.map_err(words)?;
        written.inserted.rows = rows;
        (written.inserted.lsn, written.at) = now(client).await?;
        Ok(())
    }

    /// The checks of one edge, up to the first failure. Later ones would fail for the same reason.
    pub(super) async fn edge(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        written: &Result<WrittenRows, Failure>,
    ) -> Vec<Check> {
        let name = |claim: &str| format!("{} -> {}: {claim}", standby.upstream, node.name);
        let mut checks = vec![check(name("streams"), self.streams(node, standby)).await];
        let (at, within) = (&node.name, self.within + standby.apply_delay);
        let early = !standby.apply_delay.is_zero();
        if early && checks.iter().all(|check| check.passed) {
            let name = name("rows do not arrive early");
            let looked = Box::pin(self.not_early(node, standby, written));
            checks.push(self.check_at(at, within, name, looked).await);
        }
        if checks.iter().all(|check| check.passed) {
            let looked = Box::pin(self.arrive(node, standby, written));
            checks.push(self.check_at(at, within, name("rows arrive"), looked).await);
        }
        if standby.hot && checks.iter().all(|check| check.passed) {
            let (name, looked) = (name("refuses writes"), self.refuses_writes(node));
            checks.push(self.check_at(at, within, name, looked).await);
        }
        checks
    }

    /// Checks that the upstream shows the standby by its name, streaming, with the right `sync_state`, through its slot.
    async fn streams(&self, node: &PlannedNode, standby: &Standby) -> Result<String, Failure> {
        if let Some(why) = self.out_of_reach.get(&node.name) {
            return Err(why.clone());
        }
        let upstream = self.client(&standby.upstream)?;
        let application = standby.application_name.as_str();
        let waited = wait_for(self.within, self.cancel, || async {
            let (senders, slots, never) = tokio::join!(
                replication::senders(upstream),
                slots::slots(upstream),
                self.never_arrives(node, standby)
            );
            let (senders, slots) = (senders?, slots?);
            if let Some(why) = never {
                return Err(why);
            }
            let named: Vec<&Sender> = replication::to_standby(&senders, application).collect();
            let sync_state = match streaming(&named, standby) {
                Ok(sync_state) => sync_state,
                Err(seen) => return Ok(Probe::NotYet(seen.to_string())),
            };
            let Some(slot) = &standby.slot else {
                return Ok(Probe::Ready(format!(
                    "streaming, {sync_state}, without a slot"
                )));
            };
            let Some(found) = slots::named(&slots, slot.as_str()) else {
                return Err(Failure::seen(format!(
                    "`{}` has no replication slot `{slot}`",
                    standby.upstream
                )));
            };
            if !found.is_active {
                return Ok(Probe::NotYet(format!("slot `{slot}` is not in use")));
            }
            let status = found.wal_status.as_ref().map_or("none", WalStatus::word);
            Ok(Probe::Ready(format!(
                "streaming, {sync_state}, slot `{slot}` is active, its log {status}"
            )))
        })
        .await;
        self.explain(node, waited).await
    }

    /// Checks that the standby has replayed the WAL up to the position after the commit, and has the same values.
    async fn arrive(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        written: &Result<WrittenRows, Failure>,
    ) -> Result<String, Failure> {
        let written = written.as_ref().map_err(Clone::clone)?;
        let lsn = written.inserted.lsn;
        if standby.apply_delay > self.within {
            let delay = duration(standby.apply_delay);
            return Ok(format!(
                "received up to {lsn}; not awaited, because its delay is {delay}"
            ));
        }
        let limit = self.within + standby.apply_delay;
        self.wait_for_lsn(node, standby, Reach::Replayed, lsn, limit)
            .await?;
        let waited = written.at.elapsed();
        if !standby.hot {
            return Ok(format!(
                "replayed up to {lsn} after {}; it answers no queries",
                duration(waited)
            ));
        }
        if waited < standby.apply_delay {
            return Err(format!(
                "replayed after {}, before its delay had passed",
                duration(waited)
            )
            .into());
        }
        let primary = self.client(self.lab.plan.primary_of(&node.name))?;
        let rows = &written.inserted.rows;
        let read = probe::read_kept(self.client(&node.name)?, primary, rows).await;
        let (rows, found) = read.map_err(|error| chain(&error))?;
        let compared = compare(&rows, &found);
        if let Some(first) = compared.differences.first() {
            return Err(format!(
                "{} differences; the first: {first}",
                compared.differences.len()
            )
            .into());
        }
        let summary = summary(&written.inserted, compared.values);
        Ok(format!("{summary} at {lsn}, after {}", duration(waited)))
    }

    /// Checks that a delayed standby has received the rows and does not show them yet.
    async fn not_early(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        written: &Result<WrittenRows, Failure>,
    ) -> Result<String, Failure> {
        let written = written.as_ref().map_err(Clone::clone)?;
        let lsn = written.inserted.lsn;
        self.wait_for_lsn(node, standby, Reach::Flushed, lsn, self.within)
            .await?;
        if !standby.hot {
            return Ok(format!("received up to {lsn}"));
        }
        let client = self.client(&node.name)?;
        let found = probe::read(client, &written.inserted.rows)
            .await
            .map_err(|error| chain(&error))?;
        // If no table took a row, only the position tells.
        let replayed = position::replayed(client).await.map_err(words)?;
        let after = written.at.elapsed();
        if after >= standby.apply_delay {
            // It is too late to tell: the machine was too slow for so short a delay. The arrival check measures the
            // delay itself.
            return Ok(format!(
                "checked only after {}, when its delay had passed",
                duration(after)
            ));
        }
        if replayed >= Some(lsn) || compare(&written.inserted.rows, &found).proves_equal() {
            return Err(format!(
                "they are there after {}, before the delay of {}",
                duration(after),
                duration(standby.apply_delay)
            )
            .into());
        }
        Ok(format!(
            "received up to {lsn} and not shown after {}",
            duration(after)
        ))
    }

    /// Waits until the upstream says that the standby has reached `lsn`.
    async fn wait_for_lsn(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        reach: Reach,
        lsn: Lsn,
        limit: Duration,
    ) -> Result<(), Failure> {
        let upstream = self.client(&standby.upstream)?;
        let application = standby.application_name.as_str();
        let waited = wait_for(limit, self.cancel, || async {
            let senders = replication::senders(upstream).await;
            let senders = senders.map_err(Failure::from)?;
            let sender = replication::to_standby(&senders, application).next();
            let seen = sender.and_then(|sender| reach.of(sender));
            if seen >= Some(lsn) {
                return Ok(Probe::Ready(String::new()));
            }
            if let Some(why) = self.never_arrives(node, standby).await {
                return Err(why);
            }
            Ok(Probe::NotYet(match sender {
                None => format!(
                    "pg_stat_replication of `{}` has no `{application}`",
                    standby.upstream
                ),
                Some(sender) => format!(
                    "{} = {}, wanted {lsn}, state `{}`",
                    reach.column(),
                    seen.map_or_else(|| "none".to_owned(), |seen| seen.to_string()),
                    sender.state_word()
                ),
            }))
        })
        .await;
        self.explain(node, waited).await.map(drop)
    }

    async fn refuses_writes(&self, node: &PlannedNode) -> Result<String, Failure> {
        let client = self.client(&node.name)?;
        // One query message without BEGIN is one transaction, and it ends with the message (manual: "Multiple
        // Statements in a Simple Query"). Other checks use this session meanwhile and must not find a failed
        // transaction.
        let refused = client
            .batch_execute("CREATE TABLE lab_verify_read_only (); ROLLBACK")
            .await;
        let refused = match refused {
            Ok(()) => return Err("it took a write".to_owned().into()),
            Err(error) => error,
        };
        match refused.code() {
            Some(code) if code.code() == READ_ONLY => Ok(format!("SQLSTATE {READ_ONLY}")),
            _ => Err(format!("it refused for another reason: {}", words(refused)).into()),
        }
    }

    async fn never_arrives(&self, node: &PlannedNode, standby: &Standby) -> Option<Failure> {
        let client = self.clients.get(&node.name)?;
        let upstream = &standby.upstream;
        let upstream = self.client(upstream).ok().map(|its| (upstream, its));
        reason::never_arrives(&node.name, client, upstream).await
    }

    async fn explain(
        &self,
        node: &PlannedNode,
        waited: Result<String, WaitError<Failure>>,
    ) -> Result<String, Failure> {
        match waited {
            Ok(seen) => Ok(seen),
            Err(WaitError::Failed(failed)) => match reason::container(self.lab, &node.name).await {
                Some(why) => Err(why),
                None => Err(failed),
            },
            Err(WaitError::Interrupted) => Err(Failure::seen("interrupted")),
            Err(limit) => match reason::of_standby(self, node).await {
                Some(why) => Err(limited(limit).and_seen(why)),
                None => Err(limited(limit)),
            },
        }
    }
}
