//! Writing a row into each table: all at once, or table by table if one refuses its row.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::order::parents_first;
use super::read::{
    LOCK_TIMEOUT_MS, NO_TRIGGERS, ReturnedRows, SAME_NAMES, SAME_TEXT, answers, roll_back, selected,
};
use super::statement::{
    Extent, Present, ProbeWriter, any_row, delete, qualified, select_written, touch,
};
use super::{Commit, How, Inserted, ProbeError, ProbeRow, Skipped, UncommittedRows};
use crate::failure::Failure;
use crate::server::catalog::Table;
use crate::server::lsn::Lsn;
use crate::server::server_error::ServerError;

/// Writes a row into each of `tables` and commits.
///
/// # Errors
/// [`ProbeError`]. A table that takes no row is no error: see [`Inserted::skipped`].
pub async fn insert(
    client: &Client,
    tables: &[Table],
    how: Commit,
) -> Result<Inserted, ProbeError> {
    let UncommittedRows { rows, skipped } = write(client, tables).await?;
    let lsn = commit(client, how).await?;
    Ok(Inserted { rows, skipped, lsn })
}

/// Writes a row into each of `tables` and leaves the transaction open. The caller knows the rows even if the commit never
/// returns.
///
/// # Errors
/// [`ProbeError::Write`] when the connection fails or is told to stop. The transaction has then ended.
pub async fn write(client: &Client, tables: &[Table]) -> Result<UncommittedRows, ProbeError> {
    let (tables, acting) = tables
        .iter()
        .cloned()
        .partition::<Vec<Table>, _>(|table| table.always.is_empty());
    let written = match at_once(client, &tables).await {
        Ok(Some(rows)) => Ok(UncommittedRows {
            rows,
            skipped: Vec::new(),
        }),
        Ok(None) => {
            roll_back(client).await;
            one_by_one(client, &tables).await
        }
        Err(error) => Err(error),
    };
    match written {
        Ok(mut written) => {
            written.skipped.extend(acting.iter().map(acts));
            Ok(written)
        }
        Err(error) => {
            roll_back(client).await;
            Err(ProbeError::Write(error))
        }
    }
}

/// A table whose triggers would do something that nothing undoes.
fn acts(table: &Table) -> Skipped {
    let names: Vec<String> = table
        .always
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    Skipped {
        table: qualified(table),
        because: format!(
            "{} would fire (ENABLE ALWAYS or REPLICA), and what it does would stay",
            names.join(", ")
        ),
    }
}

/// Commits the rows of [`write()`], and returns the position of the WAL after that. All WAL up to there is on this
/// server's disk, so that it can be sent to a standby.
///
/// # Errors
/// [`ProbeError::Commit`] when the server refuses.
pub async fn commit(client: &Client, how: Commit) -> Result<Lsn, ProbeError> {
    let set = match how {
        Commit::AsConfigured => "",
        Commit::Local => "SET LOCAL synchronous_commit = local; ",
        Commit::On => "SET LOCAL synchronous_commit = on; ",
        Commit::RemoteApply => "SET LOCAL synchronous_commit = remote_apply; ",
    };
    let batch = format!(
        "{set}SELECT pg_catalog.current_setting('synchronous_commit'); COMMIT; SELECT pg_catalog.pg_current_wal_lsn()"
    );
    let first = |answer: &Option<ReturnedRows>| {
        let row = answer.as_ref()?.first()?;
        row.get(0).map(str::to_owned)
    };
    let all = answers(client, &batch).await.map_err(ProbeError::Commit)?;
    let mut texts = all.iter().filter_map(first);
    let setting = texts.next().unwrap_or_default();
    let lsn = texts.next().and_then(|lsn| lsn.parse().ok());
    if setting != "off" {
        return lsn.ok_or(ProbeError::Position);
    }
    // Such a commit is not on disk yet, so it is sent to no standby. A later commit flushes it.
    let flush = "BEGIN; SET LOCAL synchronous_commit = local; \
        SELECT pg_catalog.pg_logical_emit_message(true, 'lab', ''); COMMIT; SELECT pg_catalog.pg_current_wal_lsn()";
    let all = answers(client, flush).await.map_err(ProbeError::Commit)?;
    let lsn = all.iter().filter_map(first).next_back();
    let lsn = lsn.and_then(|lsn| lsn.parse().ok());
    lsn.ok_or(ProbeError::Position)
}

fn begin() -> String {
    // With deferred constraints, two tables can reference each other's new row.
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; {NO_TRIGGERS}; SET CONSTRAINTS ALL DEFERRED"
    )
}

fn nonce() -> u32 {
    // The operating system seeds a `RandomState`.
    let random = RandomState::new().build_hasher().finish();
    u32::try_from(random >> 32).unwrap_or_default()
}

/// Writes all tables in two round trips. `None` if one of them takes no row; nothing is known of the others then.
async fn at_once(client: &Client, tables: &[Table]) -> Result<Option<Vec<ProbeRow>>, ServerError> {
    let nonce = nonce();
    let writer = ProbeWriter { tables, nonce };
    let ordered = parents_first(tables);
    let later: BTreeSet<u32> = tables.iter().map(|table| table.oid).collect();
    let mut now = BTreeSet::new();
    let mut batch = vec![begin()];
    for table in &ordered {
        let present = Present {
            now: &now,
            later: &later,
        };
        batch.push(writer.insert(table, Extent::Full, present));
        now.insert(table.oid);
    }
    batch.push("SET CONSTRAINTS ALL IMMEDIATE".to_owned());
    let Some(places) = lenient(answers(client, &batch.join("; ")).await)? else {
        return Ok(None);
    };
    let places = places.iter().flatten().map(place);
    let rows: Option<Vec<ProbeRow>> = ordered
        .iter()
        .zip(places)
        .map(|(table, place)| Some(row(table, place?, How::Inserted)))
        .collect();
    match rows {
        Some(rows) if rows.len() == ordered.len() => {
            let Some(rows) = with_values(client, rows).await? else {
                return Ok(None);
            };
            let removable = removable(client, &rows).await?.is_ok();
            Ok(removable.then_some(rows))
        }
        _ => Ok(None),
    }
}

/// Tries whether the rows can be deleted again, and undoes that. A row that nobody can delete must not be written: a
/// trigger may forbid the DELETE, or its table is published with deletes and has no replica identity.
async fn removable(client: &Client, rows: &[ProbeRow]) -> Result<Result<(), Failure>, ServerError> {
    let mut batch = vec![
        "SAVEPOINT lab_removal".to_owned(),
        "SET CONSTRAINTS ALL DEFERRED".to_owned(),
    ];
    let returning = |row| format!("{} RETURNING 1", delete(row));
    batch.extend(rows.iter().rev().map(returning));
    batch.push("SET CONSTRAINTS ALL IMMEDIATE".to_owned());
    batch.push("ROLLBACK TO SAVEPOINT lab_removal".to_owned());
    batch.push("RELEASE SAVEPOINT lab_removal".to_owned());
    match answers(client, &batch.join("; ")).await {
        Ok(all) if all.iter().flatten().all(|answer| answer.len() == 1) => Ok(Ok(())),
        Ok(_) => Ok(Err(
            "it could not be removed again: a trigger or a rule is in the way"
                .to_owned()
                .into(),
        )),
        Err(error) if of_one_table(&error) => Ok(Err(format!(
            "it could not be removed again: {}",
            line(&error)
        )
        .into())),
        Err(error) => Err(error),
    }
}

/// The rows with their present values; `None` if a trigger has already changed one again.
pub(super) async fn with_values(
    client: &Client,
    mut rows: Vec<ProbeRow>,
) -> Result<Option<Vec<ProbeRow>>, ServerError> {
    // The settings end with the savepoint: a trigger that fires later sees the user's own.
    let mut batch = ["SAVEPOINT lab_values", SAME_TEXT, SAME_NAMES]
        .map(str::to_owned)
        .to_vec();
    batch.extend(rows.iter().map(select_written));
    batch.push("ROLLBACK TO SAVEPOINT lab_values".to_owned());
    batch.push("RELEASE SAVEPOINT lab_values".to_owned());
    let Some(answers) = lenient(answers(client, &batch.join("; ")).await)? else {
        return Ok(None);
    };
    let mut found = selected(&answers);
    for row in &mut rows {
        let Some(mut values) = found.next().flatten() else {
            return Ok(None);
        };
        row.xmin = values.remove(0).unwrap_or_default();
        row.values = values;
    }
    Ok(Some(rows))
}

/// `None` for an error that one table may have caused; an error if the whole attempt must end.
fn lenient<T>(result: Result<T, ServerError>) -> Result<Option<T>, ServerError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if of_one_table(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The server's error in one line, for the middle of a sentence.
fn line(error: &ServerError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

pub(super) fn of_one_table(error: &ServerError) -> bool {
    error.code().is_some_and(|code| {
        let ends = [
            SqlState::QUERY_CANCELED,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::READ_ONLY_SQL_TRANSACTION,
        ];
        !ends.contains(code)
    })
}

/// Writes each table in its own savepoint. Each one gets a full row, a row with required columns only, an UPDATE of an
/// existing row, or the reason that nothing works.
async fn one_by_one(client: &Client, tables: &[Table]) -> Result<UncommittedRows, ServerError> {
    let nonce = nonce();
    let writer = ProbeWriter { tables, nonce };
    let mut now = BTreeSet::new();
    let mut written = UncommittedRows::default();
    client.batch_execute(&begin()).await?;
    for table in parents_first(tables) {
        let mut refused = String::new();
        let mut taken = None;
        for fill in [Extent::Full, Extent::Required] {
            let later = BTreeSet::new();
            let present = Present {
                now: &now,
                later: &later,
            };
            let statement = writer.insert(table, fill, present);
            match attempt(client, table, &statement, How::Inserted).await? {
                Ok(row) => {
                    taken = Some(row);
                    break;
                }
                Err(because) => refused = because.to_string(),
            }
        }
        if let Some(row) = taken {
            now.insert(table.oid);
            written.rows.push(row);
            continue;
        }
        match touch_one(client, table, refused).await? {
            Ok(row) => written.rows.push(row),
            Err(skipped) => written.skipped.push(skipped),
        }
    }
    Ok(written)
}

/// Runs a statement that writes a row of `table`, and undoes it if it fails.
async fn attempt(
    client: &Client,
    table: &Table,
    statement: &str,
    how: How,
) -> Result<Result<ProbeRow, Failure>, ServerError> {
    let batch = format!("SAVEPOINT lab; {statement}; SET CONSTRAINTS ALL IMMEDIATE");
    let refused = match answers(client, &batch).await {
        Ok(all) => match all.iter().flatten().next().and_then(place) {
            Some(place) => {
                let rows = vec![row(table, place, how)];
                match with_values(client, rows).await?.and_then(|mut rows| rows.pop()) {
                    Some(row) => match stays(client, &row).await? {
                        Ok(()) => {
                            client.batch_execute("RELEASE SAVEPOINT lab").await?;
                            return Ok(Ok(row));
                        }
                        Err(because) => because,
                    },
                    None => "a trigger changes the row again".to_owned().into(),
                }
            }
            None => "nothing was written: a trigger or a rule is in the way, or a table that it refers to is empty".to_owned().into(),
        },
        Err(error) if of_one_table(&error) => line(&error).into(),
        Err(error) => return Err(error),
    };
    client
        .batch_execute("ROLLBACK TO SAVEPOINT lab; RELEASE SAVEPOINT lab")
        .await?;
    Ok(Err(refused))
}

/// Whether a row may stay: it is the user's own, or it can be deleted again.
async fn stays(client: &Client, row: &ProbeRow) -> Result<Result<(), Failure>, ServerError> {
    match row.how {
        How::Inserted => removable(client, std::slice::from_ref(row)).await,
        How::Updated { .. } => Ok(Ok(())),
    }
}

async fn touch_one(
    client: &Client,
    table: &Table,
    because: String,
) -> Result<Result<ProbeRow, Skipped>, ServerError> {
    let skipped = |why: &str| Skipped {
        table: qualified(table),
        because: format!("no row could be inserted ({because}), and {why}"),
    };
    let batch = format!("SAVEPOINT lab; {}; RELEASE SAVEPOINT lab", any_row(table));
    let some = match answers(client, &batch).await {
        Ok(all) => all.iter().flatten().next().and_then(place),
        Err(error) if of_one_table(&error) => {
            client
                .batch_execute("ROLLBACK TO SAVEPOINT lab; RELEASE SAVEPOINT lab")
                .await?;
            return Ok(Err(skipped(&line(&error))));
        }
        Err(error) => return Err(error),
    };
    let Some([relation, ctid]) = some else {
        return Ok(Err(skipped("there is no row to update")));
    };
    let Some(statement) = touch(table, &relation, &ctid) else {
        return Ok(Err(skipped("no column of it can be updated")));
    };
    let how = How::Updated {
        because: because.clone(),
    };
    let attempted = attempt(client, table, &statement, how).await?;
    Ok(attempted.map_err(|why| skipped(&format!("none could be updated ({why})"))))
}

/// The relation and the row's place in it, as a probe's statement returns them.
fn place(answer: &ReturnedRows) -> Option<[String; 2]> {
    let row = answer.first()?;
    let text = |at: usize| row.get(at).map(str::to_owned);
    Some([text(0)?, text(1)?])
}

fn row(table: &Table, place: [String; 2], how: How) -> ProbeRow {
    let [relation, ctid] = place;
    ProbeRow {
        table: qualified(table),
        relation,
        ctid,
        xmin: String::new(),
        how,
        columns: table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect(),
        values: Vec::new(),
    }
}
