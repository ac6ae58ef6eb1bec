//! One edge: what is written on the primary arrives at a standby, through its upstream, and nothing else does.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::name::SlotName;
use crate::plan::{PlannedNode, Standby};
use crate::server::catalog::{self, Table};
use crate::server::client::words;
use crate::text::{chain, count, duration};
use crate::wait::{Probe, WaitError, wait_for};

use super::compare::compare;
use super::probe::{self, Commit, How, Inserted, Skipped};
use super::{Check, Failed, Proof, check, reason};

/// SQLSTATE `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";

/// What was written, and when.
pub(super) struct Written {
    pub(super) inserted: Inserted,
    pub(super) at: Instant,
    tables: Vec<Table>,
}

/// Whether the server takes writes.
pub(super) async fn is_primary(client: &Client) -> Result<String, String> {
    let row = client
        .query_one(
            "SELECT pg_is_in_recovery(), timeline_id FROM pg_control_checkpoint()",
            &[],
        )
        .await;
    let row = row.map_err(words)?;
    if row.get::<_, bool>(0) {
        return Err("it is in recovery: a standby, not a primary".to_owned());
    }
    Ok(format!(
        "not in recovery, timeline {}",
        row.get::<_, i32>(1)
    ))
}

/// Inserts a row into every table and takes the log position after the commit.
///
/// The commit waits for no standby: whether commits wait is a check of its own. The tables in `barred` get none.
pub(super) async fn write(client: &Client, barred: &[String]) -> Result<Written, String> {
    let mut catalog = catalog::read(client).await.map_err(|error| chain(&error))?;
    let is_barred = |table: &Table| barred.contains(&probe::qualified(table));
    catalog.tables.retain(|table| !is_barred(table));
    // Before the commit and not after it: what is applied later by so much is not there earlier than that, however long
    // this task has to wait for its turn.
    let at = Instant::now();
    let inserted = probe::insert(client, &catalog.tables, Commit::Local).await;
    let mut inserted = inserted.map_err(|error| chain(&error))?;
    inserted.skipped.extend(barred.iter().map(|table| Skipped {
        table: table.clone(),
        because: "a subscriber that does not follow would keep the row".to_owned(),
    }));
    if !inserted.rows.is_empty() {
        return Ok(Written {
            inserted,
            at,
            tables: catalog.tables,
        });
    }
    // Nothing was written, so that every standby would be past this position already: move it.
    let sql =
        "SET synchronous_commit = local; SELECT pg_logical_emit_message(true, 'lab', 'verify')";
    client.batch_execute(sql).await.map_err(words)?;
    let row = client
        .query_one("SELECT pg_current_wal_flush_lsn()::text", &[])
        .await
        .map_err(words)?;
    Ok(Written {
        inserted: Inserted {
            lsn: row.get(0),
            ..inserted
        },
        at,
        tables: catalog.tables,
    })
}

/// Changes the rows that were written, and takes the log position after that. A row that takes no change stays as it is.
pub(super) async fn change(client: &Client, written: &mut Written) -> Result<(), String> {
    let changed = probe::update(client, &written.tables, &written.inserted.rows).await;
    let (rows, refused) = changed.map_err(|error| chain(&error))?;
    for Skipped { table, because } in refused {
        tracing::debug!(table, because, "not changed");
    }
    written.inserted.rows = rows;
    (written.inserted.lsn, written.at) = now(client).await?;
    Ok(())
}

/// Where the log is now.
pub(super) async fn now(client: &Client) -> Result<(String, Instant), String> {
    let sql = "SELECT pg_current_wal_flush_lsn()::text";
    let row = client.query_one(sql, &[]).await.map_err(words)?;
    Ok((row.get(0), Instant::now()))
}

/// What was compared, in words.
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
    for skipped in &inserted.skipped {
        _ = write!(
            text,
            "; {} was left out: {}",
            skipped.table, skipped.because
        );
    }
    text
}

/// Removes what [`write`] wrote.
pub(super) async fn remove(client: &Client, written: &Written) -> Result<String, String> {
    let removed = probe::remove(client, &written.inserted.rows)
        .await
        .map_err(|error| chain(&error))?;
    match removed.left.first() {
        None => Ok(count(removed.rows, "row")),
        Some(left) => Err(format!("a row is left in {}: {}", left.table, left.because)),
    }
}

impl Proof<'_> {
    /// The checks of one edge, up to the first that fails: what comes after it would fail for the same reason.
    pub(super) async fn edge(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        written: &Result<Written, String>,
    ) -> Vec<Check> {
        let name = |claim: &str| format!("{} -> {}: {claim}", standby.upstream, node.name);
        let mut checks = vec![check(name("streams"), self.streams(node, standby)).await];
        let early = !standby.apply_delay.is_zero();
        if early && checks.iter().all(|check| check.passed) {
            checks.push(
                check(
                    name("rows do not arrive early"),
                    self.not_early(node, standby, written),
                )
                .await,
            );
        }
        if checks.iter().all(|check| check.passed) {
            checks.push(check(name("rows arrive"), self.arrive(node, standby, written)).await);
        }
        if standby.hot && checks.iter().all(|check| check.passed) {
            checks.push(check(name("refuses writes"), self.refuses_writes(node)).await);
        }
        checks
    }

    /// The upstream shows the standby by its name, streaming, in the state it should be in, through its slot.
    async fn streams(&self, node: &PlannedNode, standby: &Standby) -> Result<String, String> {
        if let Some(why) = self.out_of_reach.get(&node.name) {
            return Err(why.clone());
        }
        let upstream = self.client(&standby.upstream)?;
        let application = standby.application_name.as_str();
        let slot = standby.slot.as_ref().map(SlotName::as_str);
        let sql = "SELECT r.state, r.sync_state, s.slot_name, s.active, s.wal_status \
                   FROM (SELECT 1) AS one \
                   LEFT JOIN pg_stat_replication AS r ON r.application_name = $1 \
                   LEFT JOIN pg_replication_slots AS s ON s.slot_name = $2";
        let waited = wait_for(self.within, self.cancel, || async {
            let rows = upstream
                .query(sql, &[&application, &slot])
                .await
                .map_err(|error| Failed(words(error)))?;
            if let Some(why) = self.never_arrives(node).await {
                return Err(Failed(why));
            }
            let [row] = rows.as_slice() else {
                let seen = format!(
                    "pg_stat_replication has {} rows named `{application}`",
                    rows.len()
                );
                return Ok(Probe::NotYet(seen));
            };
            let text = |at: usize| {
                row.get::<_, Option<String>>(at)
                    .unwrap_or_else(|| "none".to_owned())
            };
            let (state, sync_state) = (text(0), text(1));
            if state == "none" {
                let seen = format!(
                    "pg_stat_replication of `{}` has no `{application}`",
                    standby.upstream
                );
                return Ok(Probe::NotYet(seen));
            }
            if state != "streaming" {
                return Ok(Probe::NotYet(format!("its state is `{state}`")));
            }
            if !standby
                .sync_states
                .iter()
                .any(|wanted| wanted.to_string() == sync_state)
            {
                let wanted: Vec<String> = standby
                    .sync_states
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                return Ok(Probe::NotYet(format!(
                    "its sync_state is `{sync_state}`, not `{}`",
                    wanted.join("` or `")
                )));
            }
            let Some(slot) = slot else {
                return Ok(Probe::Ready(format!(
                    "streaming, {sync_state}, without a slot"
                )));
            };
            if text(2) == "none" {
                return Err(Failed(format!(
                    "`{}` has no replication slot `{slot}`",
                    standby.upstream
                )));
            }
            if row.get::<_, Option<bool>>(3) != Some(true) {
                return Ok(Probe::NotYet(format!("slot `{slot}` is not in use")));
            }
            Ok(Probe::Ready(format!(
                "streaming, {sync_state}, slot `{slot}` is active, its log {}",
                text(4)
            )))
        })
        .await;
        self.explain(node, waited).await
    }

    /// The standby has replayed the log up to the position taken after the commit, and has the same values.
    async fn arrive(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        written: &Result<Written, String>,
    ) -> Result<String, String> {
        let written = written.as_ref().map_err(Clone::clone)?;
        let lsn = &written.inserted.lsn;
        if standby.apply_delay > self.within {
            let delay = duration(standby.apply_delay);
            return Ok(format!(
                "received up to {lsn}; not awaited, for it is applied {delay} later"
            ));
        }
        let limit = self.within + standby.apply_delay;
        self.wait_for_lsn(node, standby, "replay_lsn", lsn, limit)
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
            ));
        }
        let client = self.client(&node.name)?;
        let found = probe::read(client, &written.inserted.rows)
            .await
            .map_err(|error| chain(&error))?;
        let compared = compare(&written.inserted.rows, &found);
        if let Some(first) = compared.differences.first() {
            return Err(format!(
                "{} differences; the first: {first}",
                compared.differences.len()
            ));
        }
        let summary = summary(&written.inserted, compared.values);
        Ok(format!("{summary} at {lsn}, after {}", duration(waited)))
    }

    /// A delayed standby has received the rows and does not show them.
    async fn not_early(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        written: &Result<Written, String>,
    ) -> Result<String, String> {
        let written = written.as_ref().map_err(Clone::clone)?;
        let lsn = &written.inserted.lsn;
        self.wait_for_lsn(node, standby, "flush_lsn", lsn, self.within)
            .await?;
        if !standby.hot {
            return Ok(format!("received up to {lsn}"));
        }
        let client = self.client(&node.name)?;
        let found = probe::read(client, &written.inserted.rows)
            .await
            .map_err(|error| chain(&error))?;
        // Where no table took a row, the position alone tells.
        let sql = "SELECT coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)";
        let replayed = client.query_one(sql, &[lsn]).await.map_err(words)?;
        let after = written.at.elapsed();
        if after >= standby.apply_delay {
            // Too late to tell: the machine was too slow for so short a delay. Arrival checks the delay itself.
            return Ok(format!(
                "looked after {}, when its delay had passed",
                duration(after)
            ));
        }
        if replayed.get(0) || compare(&written.inserted.rows, &found).proves_equal() {
            return Err(format!(
                "they are there after {}, before the delay of {}",
                duration(after),
                duration(standby.apply_delay)
            ));
        }
        Ok(format!(
            "received up to {lsn} and not shown after {}",
            duration(after)
        ))
    }

    /// Waits until a column of the standby's row in `pg_stat_replication` has reached `lsn`, compared in the server.
    async fn wait_for_lsn(
        &self,
        node: &PlannedNode,
        standby: &Standby,
        column: &str,
        lsn: &str,
        limit: Duration,
    ) -> Result<(), String> {
        let upstream = self.client(&standby.upstream)?;
        let application = standby.application_name.as_str();
        let sql = format!(
            "SELECT {column} >= $2::text::pg_lsn, coalesce({column}::text, 'none'), state \
             FROM pg_stat_replication WHERE application_name = $1"
        );
        let waited = wait_for(limit, self.cancel, || async {
            let rows = upstream
                .query(&sql, &[&application, &lsn])
                .await
                .map_err(|error| Failed(words(error)))?;
            let Some(row) = rows.first() else {
                let gone = format!(
                    "pg_stat_replication of `{}` has no `{application}`",
                    standby.upstream
                );
                return match self.never_arrives(node).await {
                    Some(why) => Err(Failed(why)),
                    None => Ok(Probe::NotYet(gone)),
                };
            };
            if row.get::<_, Option<bool>>(0) == Some(true) {
                return Ok(Probe::Ready(String::new()));
            }
            if let Some(why) = self.never_arrives(node).await {
                return Err(Failed(why));
            }
            let (seen, state): (String, String) = (row.get(1), row.get(2));
            Ok(Probe::NotYet(format!(
                "{column} = {seen}, wanted {lsn}, state `{state}`"
            )))
        })
        .await;
        self.explain(node, waited).await.map(drop)
    }

    async fn refuses_writes(&self, node: &PlannedNode) -> Result<String, String> {
        let client = self.client(&node.name)?;
        // One message without BEGIN is one transaction, which ends with it whatever happens (manual, 53.2.2.1): other
        // checks use this session meanwhile, and must not find it in a transaction that failed.
        let refused = client
            .batch_execute("CREATE TABLE lab_verify_read_only (); ROLLBACK")
            .await;
        let refused = match refused {
            Ok(()) => return Err("it took a write".to_owned()),
            Err(error) => error,
        };
        match refused.code() {
            Some(code) if code.code() == READ_ONLY => Ok(format!("SQLSTATE {READ_ONLY}")),
            _ => Err(format!("it refused for another reason: {}", words(refused))),
        }
    }

    async fn never_arrives(&self, node: &PlannedNode) -> Option<String> {
        let client = self.clients.get(&node.name)?;
        reason::never_arrives(&node.name, client).await
    }

    async fn explain(
        &self,
        node: &PlannedNode,
        waited: Result<String, WaitError<Failed>>,
    ) -> Result<String, String> {
        match waited {
            Ok(seen) => Ok(seen),
            Err(WaitError::Failed(failed)) => match reason::container(self.lab, &node.name).await {
                Some(why) => Err(why),
                None => Err(failed.0),
            },
            Err(WaitError::Interrupted) => Err("interrupted".to_owned()),
            Err(limit) => match reason::from_log(self.lab, &node.name).await {
                Some(why) => Err(format!("{limit}; {why}")),
                None => Err(limit.to_string()),
            },
        }
    }
}
