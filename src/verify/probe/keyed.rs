//! The rows of a probe on a logical subscriber. They have other places there, so they are found by their values.

use super::read::{NO_TRIGGERS, SAME_NAMES, SAME_TEXT, answers, roll_back};
use super::sought::{By, Sought};
use super::statement;
use super::write::{of_one_table, with_values};
use super::{How, ProbeError, ProbeRow, Skipped};
use crate::server::catalog::Table;
use crate::server::server_error::ServerError;
use crate::sql::quote::identifier;

/// The rows that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Number of rows that have these values.
    pub rows: u64,
    /// Number of them that have a value that is not published.
    pub leaks: u64,
}

/// Counts the rows that have these values, and those among them that have values that were not published.
///
/// # Errors
/// [`ProbeError::Read`] when the server refuses: a table or a column may be missing there.
pub async fn sight(
    client: &tokio_postgres::Client,
    sought: &[Sought<'_>],
) -> Result<Vec<Sighting>, ProbeError> {
    match sight_by(client, sought, By::Key).await {
        Ok(seen) => Ok(seen),
        Err(_) => sight_by(client, sought, By::Values).await,
    }
}

async fn sight_by(
    client: &tokio_postgres::Client,
    sought: &[Sought<'_>],
    by: By,
) -> Result<Vec<Sighting>, ProbeError> {
    let mut batch = vec![
        "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY".to_owned(),
        SAME_TEXT.to_owned(),
        SAME_NAMES.to_owned(),
    ];
    batch.extend(sought.iter().map(|sought| {
        let leak = sought.leak().unwrap_or_else(|| "false".to_owned());
        format!(
            "SELECT count(*), count(*) FILTER (WHERE {leak}) FROM {} WHERE {}",
            sought.table,
            sought.condition(by)
        )
    }));
    batch.push("COMMIT".to_owned());
    match answers(client, &batch.join("; ")).await {
        Ok(answers) => Ok(answers
            .iter()
            .flatten()
            .filter_map(|answer| {
                let row = answer.first()?;
                let count = |at: usize| row.get(at).and_then(|text| text.parse().ok());
                Some(Sighting {
                    rows: count(0)?,
                    leaks: count(1)?,
                })
            })
            .collect()),
        Err(error) => {
            roll_back(client).await;
            Err(ProbeError::Read(error))
        }
    }
}

/// Deletes one row for each set of values, on a server that gets no DELETE from its publisher. If several rows have the
/// values, any one of them is deleted, and no more than one.
///
/// # Errors
/// [`ProbeError::Remove`] when the server refuses.
pub async fn sweep(
    client: &tokio_postgres::Client,
    sought: &[Sought<'_>],
) -> Result<(), ProbeError> {
    match sweep_by(client, sought, By::Key).await {
        Ok(()) => Ok(()),
        Err(_) => sweep_by(client, sought, By::Values).await,
    }
}

async fn sweep_by(
    client: &tokio_postgres::Client,
    sought: &[Sought<'_>],
    by: By,
) -> Result<(), ProbeError> {
    let mut batch = vec![
        "BEGIN".to_owned(),
        SAME_TEXT.to_owned(),
        "SET LOCAL synchronous_commit = local".to_owned(),
        NO_TRIGGERS.to_owned(),
    ];
    batch.extend(sought.iter().rev().map(|sought| {
        let (table, condition) = (sought.table, sought.condition(by));
        format!(
            "DELETE FROM {table} WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM {table} WHERE {condition} LIMIT 1)"
        )
    }));
    batch.push("COMMIT".to_owned());
    let swept = client.batch_execute(&batch.join("; ")).await;
    if swept.is_err() {
        roll_back(client).await;
    }
    swept.map_err(|error| ProbeError::Remove(error.into()))
}

/// Whether each row passes any of its filters. Ask the server where the rows were written.
///
/// # Errors
/// [`ProbeError::Read`] when the server refuses.
pub async fn pass(
    client: &tokio_postgres::Client,
    filtered: &[(&ProbeRow, &[String])],
) -> Result<Vec<bool>, ProbeError> {
    let mut batch = Vec::with_capacity(filtered.len());
    for (row, filters) in filtered {
        let any: Vec<String> = filters
            .iter()
            .map(|filter| format!("({filter}) IS TRUE"))
            .collect();
        let any = if any.is_empty() {
            "true".to_owned()
        } else {
            any.join(" OR ")
        };
        batch.push(format!("SELECT {any} FROM ONLY {}", statement::place(row)));
    }
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let answers = answers(client, &batch.join("; "))
        .await
        .map_err(ProbeError::Read)?;
    Ok(answers
        .iter()
        .flatten()
        .map(|answer| answer.first().and_then(|row| row.get(0)) == Some("t"))
        .collect())
}

/// Number of excluded rows that are looked for.
const KEPT_BACK: usize = 50;

/// Some rows of a table that pass none of its filters, with their published columns. Ask the publisher. Nothing without
/// filters.
///
/// # Errors
/// [`ProbeError::Read`] when the server refuses.
pub async fn kept_back(
    client: &tokio_postgres::Client,
    table: &str,
    columns: &[String],
    filters: &[String],
) -> Result<Vec<ProbeRow>, ProbeError> {
    if filters.is_empty() {
        return Ok(Vec::new());
    }
    let any: Vec<String> = filters
        .iter()
        .map(|filter| format!("({filter}) IS TRUE"))
        .collect();
    let list: Vec<String> = columns.iter().map(|name| identifier(name)).collect();
    let batch = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; {SAME_TEXT}; SELECT {} FROM {table} WHERE NOT ({}) LIMIT {KEPT_BACK}; COMMIT",
        list.join(", "),
        any.join(" OR ")
    );
    let answers = match answers(client, &batch).await {
        Ok(answers) => answers,
        Err(error) => {
            roll_back(client).await;
            return Err(ProbeError::Read(error));
        }
    };
    let rows = answers.iter().flatten().flatten();
    Ok(rows
        .map(|row| ProbeRow {
            table: table.to_owned(),
            relation: table.to_owned(),
            ctid: String::new(),
            xmin: String::new(),
            how: How::Inserted,
            columns: columns.to_vec(),
            values: (0..row.len())
                .map(|at| row.get(at).map(str::to_owned))
                .collect(),
        })
        .collect())
}

/// Updates one column of each inserted row, if it has a column that nothing depends on, and leaves the transaction open.
/// Returns the rows as they are then, including those that could not be updated. The commit waits for this server's disk
/// alone.
///
/// # Errors
/// [`ProbeError::Write`] when the connection fails or is told to stop. A table that refuses the UPDATE is no error.
pub async fn update(
    client: &tokio_postgres::Client,
    tables: &[Table],
    rows: &[ProbeRow],
) -> Result<(Vec<ProbeRow>, Vec<Skipped>), ProbeError> {
    let statements: Vec<(usize, String)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.how == How::Inserted)
        .filter_map(|(at, row)| {
            let table = tables
                .iter()
                .find(|table| statement::qualified(table) == row.table)?;
            Some((at, statement::change(table, row)?))
        })
        .collect();
    match changed(client, &begin(), &statements, rows).await {
        Ok(rows) => return Ok((rows, Vec::new())),
        Err(error) => {
            roll_back(client).await;
            if !of_one_table(&error) {
                return Err(ProbeError::Write(error));
            }
        }
    }
    let changed = one_by_one(client, &statements, rows).await;
    if changed.is_err() {
        roll_back(client).await;
    }
    changed.map_err(ProbeError::Write)
}

fn begin() -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = local; \
         SET LOCAL lock_timeout = {}; {NO_TRIGGERS}",
        super::read::LOCK_TIMEOUT_MS
    )
}

/// One UPDATE is refused, for example because its table has no replica identity. The others are still made.
async fn one_by_one(
    client: &tokio_postgres::Client,
    statements: &[(usize, String)],
    rows: &[ProbeRow],
) -> Result<(Vec<ProbeRow>, Vec<Skipped>), ServerError> {
    let (mut rows, mut refused) = (rows.to_vec(), Vec::new());
    client.batch_execute(&begin()).await?;
    for one in statements.chunks(1) {
        match changed(client, "SAVEPOINT lab", one, &rows).await {
            Ok(all) => {
                rows = all;
                client.batch_execute("RELEASE SAVEPOINT lab").await?;
            }
            Err(error) if of_one_table(&error) => {
                let back = "ROLLBACK TO SAVEPOINT lab; RELEASE SAVEPOINT lab";
                client.batch_execute(back).await?;
                refused.extend(one.iter().map(|(at, _)| Skipped {
                    table: rows[*at].table.clone(),
                    because: error.to_string(),
                }));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((rows, refused))
}

/// The rows after UPDATEs of some of them, which follow the statements in `first`.
async fn changed(
    client: &tokio_postgres::Client,
    first: &str,
    statements: &[(usize, String)],
    rows: &[ProbeRow],
) -> Result<Vec<ProbeRow>, ServerError> {
    let mut batch = vec![first.to_owned()];
    batch.extend(statements.iter().map(|(_, statement)| statement.clone()));
    let answers = answers(client, &batch.join("; ")).await?;
    let places = answers.iter().flatten().map(|answer| {
        let row = answer.first()?;
        Some((row.get(0)?.to_owned(), row.get(1)?.to_owned()))
    });
    let mut all = rows.to_vec();
    for ((at, _), place) in statements.iter().zip(places) {
        if let (Some(row), Some((relation, ctid))) = (all.get_mut(*at), place) {
            (row.relation, row.ctid) = (relation, ctid);
        }
    }
    let read: Vec<ProbeRow> = statements.iter().map(|(at, _)| all[*at].clone()).collect();
    if let Some(read) = with_values(client, read).await? {
        for ((at, _), row) in statements.iter().zip(read) {
            all[*at] = row;
        }
    }
    Ok(all)
}
