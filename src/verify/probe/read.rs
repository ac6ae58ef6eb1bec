//! Reading the rows of a probe on any server, and removing them on the one where they were written.

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::{How, ProbeError, ProbeRow, RemovedRows, Skipped, statement};
use crate::server::server_error::ServerError;

/// The settings that decide how a value looks as text. Two servers may differ in them.
pub(super) const SAME_TEXT: &str = "SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; \
    SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; \
    SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content'";

/// The name of an object looks the same from everywhere. For transactions that run nothing of a user's.
pub(super) const SAME_NAMES: &str = "SET LOCAL search_path = pg_catalog";

/// The setting under which the user's triggers and rules do not fire for our rows, so that they do nothing that would have
/// to be undone. Those that are enabled for replicas fire all the same: their tables get no row.
///
/// Foreign keys are not looked at either. Our rows refer to rows that exist, and nobody refers to ours, so that no table is
/// searched for references when they are removed.
pub(super) const NO_TRIGGERS: &str = "SET LOCAL session_replication_role = replica";

/// Limit for waiting for a table that somebody has locked, in milliseconds.
pub(super) const LOCK_TIMEOUT_MS: u32 = 2000;

/// The values of one row as text; `None` is NULL.
pub type Values = Vec<Option<String>>;

/// The rows that one statement returned.
pub(super) type ReturnedRows = Vec<SimpleQueryRow>;

/// Reads the values at the place of each of `rows`; `None` if the server does not have that version of the row. Only for
/// the server where the rows were written and its physical standbys.
///
/// # Errors
/// [`ProbeError::Read`] when the server refuses: a table may be missing there.
pub async fn read(client: &Client, rows: &[ProbeRow]) -> Result<Vec<Option<Values>>, ProbeError> {
    let mut batch = vec![
        "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY".to_owned(),
        SAME_TEXT.to_owned(),
        SAME_NAMES.to_owned(),
    ];
    batch.extend(rows.iter().map(statement::select));
    batch.push("COMMIT".to_owned());
    match answers(client, &batch.join("; ")).await {
        Ok(answers) => {
            let mut found: Vec<_> = selected(&answers).collect();
            found.resize(rows.len(), None);
            Ok(found)
        }
        Err(error) => {
            roll_back(client).await;
            Err(ProbeError::Read(error))
        }
    }
}

/// As [`read`], on a physical standby of `primary`. A table that was dropped on the primary since may be gone on the standby:
/// its rows are left out. Returns the rows that were looked for, and what was found.
///
/// # Errors
/// As [`read`].
pub async fn read_kept(
    standby: &Client,
    primary: &Client,
    rows: &[ProbeRow],
) -> Result<(Vec<ProbeRow>, Vec<Option<Values>>), ProbeError> {
    match read(standby, rows).await {
        Ok(found) => return Ok((rows.to_vec(), found)),
        Err(ProbeError::Read(error)) if is_gone(&error) => {}
        Err(error) => return Err(error),
    }
    let tables: Vec<&str> = rows.iter().map(|row| row.table.as_str()).collect();
    let there = "SELECT pg_catalog.to_regclass(name) IS NOT NULL \
        FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS t (name, number) ORDER BY number";
    let there = primary.query(there, &[&tables]).await;
    let there = there.map_err(|error| ProbeError::Read(error.into()))?;
    let kept = rows.iter().zip(&there).filter(|(_, there)| there.get(0));
    let kept: Vec<ProbeRow> = kept.map(|(row, _)| row.clone()).collect();
    let found = read(standby, &kept).await?;
    Ok((kept, found))
}

/// Whether a table, or its schema, does not exist any more.
fn is_gone(error: &ServerError) -> bool {
    error.is("42P01") || error.is("3F000")
}

/// The first row's values of each SELECT of a batch.
pub(super) fn selected(answers: &[Option<ReturnedRows>]) -> impl Iterator<Item = Option<Values>> {
    answers.iter().flatten().map(|answer| {
        let row = answer.first()?;
        Some(
            (0..row.len())
                .map(|at| row.get(at).map(str::to_owned))
                .collect(),
        )
    })
}

/// The answer to each statement of a batch; `None` for a statement that returns no rows.
pub(super) async fn answers(
    client: &Client,
    batch: &str,
) -> Result<Vec<Option<ReturnedRows>>, ServerError> {
    let mut all = Vec::new();
    let mut current: Option<ReturnedRows> = None;
    for message in client.simple_query(batch).await? {
        match message {
            SimpleQueryMessage::RowDescription(_) => current = Some(Vec::new()),
            SimpleQueryMessage::Row(row) => current.get_or_insert_default().push(row),
            SimpleQueryMessage::CommandComplete(_) => all.push(current.take()),
            _ => {}
        }
    }
    Ok(all)
}

/// Ends a transaction that failed. If even that fails, the connection is gone and the transaction with it.
pub(super) async fn roll_back(client: &Client) {
    let _ = client.batch_execute("ROLLBACK").await;
}

/// Deletes exactly the rows of `rows` that were inserted, children first, and nobody else's. The commit waits for this
/// server's disk alone. A row whose table is gone is gone.
///
/// # Errors
/// [`ProbeError::Remove`] when the connection fails. A table that keeps its row is no error: see [`RemovedRows::left`].
pub async fn remove(client: &Client, rows: &[ProbeRow]) -> Result<RemovedRows, ProbeError> {
    let inserted: Vec<&ProbeRow> = rows
        .iter()
        .rev()
        .filter(|row| row.how == How::Inserted)
        .collect();
    match delete(client, &inserted).await {
        Ok(removed) => return Ok(removed),
        Err(error) if error.code().is_none() => return Err(ProbeError::Remove(error)),
        Err(_) => {}
    }
    // One row cannot be deleted; the others still can.
    let mut removed = RemovedRows::default();
    for row in inserted {
        match delete(client, &[row]).await {
            Ok(one) => {
                removed.rows += one.rows;
                removed.left.extend(one.left);
            }
            // Somebody dropped the table or its schema, and the row with it.
            Err(error) if is_gone(&error) => {}
            Err(error) if error.code().is_some() => removed.left.push(Skipped {
                table: row.table.clone(),
                because: error.to_string(),
            }),
            Err(error) => return Err(ProbeError::Remove(error)),
        }
    }
    Ok(removed)
}

async fn delete(client: &Client, rows: &[&ProbeRow]) -> Result<RemovedRows, ServerError> {
    if rows.is_empty() {
        return Ok(RemovedRows::default());
    }
    let mut batch = vec![
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".to_owned(),
        "SET LOCAL synchronous_commit = local".to_owned(),
        format!("SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"),
        NO_TRIGGERS.to_owned(),
        "SET CONSTRAINTS ALL DEFERRED".to_owned(),
    ];
    let before = batch.len();
    batch.extend(rows.iter().map(|row| statement::delete(row)));
    batch.push("COMMIT".to_owned());
    let sent = client.simple_query(&batch.join("; ")).await;
    let messages = match sent {
        Ok(messages) => messages,
        Err(error) => {
            roll_back(client).await;
            return Err(error.into());
        }
    };
    let counts = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    let mut removed = RemovedRows::default();
    for (row, count) in rows.iter().zip(counts.skip(before)) {
        if count == 0 {
            removed.left.push(Skipped {
                table: row.table.clone(),
                because: "somebody else has changed or removed the row since".to_owned(),
            });
        } else {
            removed.rows += 1;
        }
    }
    Ok(removed)
}
