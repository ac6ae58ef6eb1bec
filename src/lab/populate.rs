//! Sending a dataset to a server.

mod batch;

use std::collections::VecDeque;
use std::pin::{Pin, pin};

use futures_util::{SinkExt, StreamExt};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryStream};

use crate::dataset::Dataset;
use crate::exit::Exit;
use crate::failure::Explain;
use crate::name::DatasetName;
use crate::server::counts::{RowCounts, row_counts};
use crate::server::quiet;
use crate::server::server_error::ServerError;
use crate::sql::SqlFile;
use crate::sql::password::places;
use crate::sql::script::{Data, ScriptError};
use batch::{Exchange, Query, StatementOrigin, exchanges};

/// The result of loading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The tables that got rows, with their numbers.
    pub tables: Vec<(String, u64)>,
}

/// A dataset that could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file is not SQL.
    #[error("reading dataset `{dataset}`: `{file}`, line {}", source.line())]
    Script {
        /// The dataset.
        dataset: DatasetName,
        /// The file's name.
        file: String,
        /// The reason.
        source: ScriptError,
    },
    /// The server refused a statement.
    #[error("loading dataset `{dataset}`: `{file}`, line {line}")]
    Statement {
        /// The dataset.
        dataset: DatasetName,
        /// The file's name.
        file: String,
        /// The line that is to blame, from 1.
        line: usize,
        /// The server's error.
        source: ServerError,
    },
    /// A file has BEGIN without COMMIT.
    #[error(
        "loading dataset `{dataset}`: `{file}` ends within a transaction, which begins on line {line}"
    )]
    OpenTransaction {
        /// The dataset.
        dataset: DatasetName,
        /// The file's name.
        file: String,
        /// The line of its BEGIN, from 1.
        line: usize,
    },
    /// The connection failed between statements.
    #[error("loading dataset `{dataset}`")]
    Connection {
        /// The dataset.
        dataset: DatasetName,
        /// What failed.
        source: ServerError,
    },
}

impl Explain for DatasetError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Script { source, .. } => source.hint().map(str::to_owned),
            Self::OpenTransaction { .. } => {
                Some("end it with `COMMIT`, or leave the `BEGIN` out".to_owned())
            }
            Self::Statement { .. } | Self::Connection { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Statement { source, .. } | Self::Connection { source, .. } => source.blames(),
            Self::Script { .. } | Self::OpenTransaction { .. } => Exit::Usage,
        }
    }
}

impl DatasetError {
    /// Whether the server ended the connection, or was gone, and said nothing.
    pub(super) fn is_of_lost_connection(&self) -> bool {
        match self {
            Self::Statement { source, .. } | Self::Connection { source, .. } => source.is_lost(),
            Self::Script { .. } | Self::OpenTransaction { .. } => false,
        }
    }
}

/// The most statements that are sent before the first of them is answered, and their bytes. A round trip to the server
/// takes longer than most statements.
const IN_FLIGHT: (usize, usize) = (100, 1 << 20);

/// Loads `dataset` through `client`, whose user is a superuser.
///
/// A built-in dataset is loaded as a whole or not at all. The user's own files run as `psql` runs them: each statement by
/// itself, outside of a transaction unless the file begins one. They may change the session (a dump empties
/// `search_path`), so all settings of the session are reset at the end.
///
/// # Errors
/// [`DatasetError`] with the file and the line to blame.
pub async fn load(client: &Client, dataset: &Dataset) -> Result<Loaded, DatasetError> {
    let script = dataset.script();
    let secret = script.iter().any(|file| !places(&file.text).is_empty());
    if secret {
        quiet::begin(client).await;
    }
    if !dataset.own {
        return run(client, dataset, &script).await;
    }
    let before = row_counts(client).await.unwrap_or_default();
    let loaded = run(client, dataset, &script).await;
    let end = if loaded.is_ok() { FLUSH } else { "ROLLBACK; " };
    let reset = format!("{end}RESET SESSION AUTHORIZATION; RESET ALL");
    let reset = client.batch_execute(&reset).await;
    let mut loaded = loaded?;
    reset.map_err(|source| connection(dataset, source))?;
    // What the statements say is not all: functions and triggers fill tables, too. A table that a prepared transaction has
    // locked cannot be counted.
    if let Ok(after) = row_counts(client).await {
        loaded.tables = grown(&before, after);
    }
    Ok(loaded)
}

/// Commits are not waited for one by one. This one is, and it is behind all others in the log. A commit is flushed only if
/// its transaction wrote something; a message is the smallest thing to write.
const FLUSH: &str = "BEGIN; SET LOCAL synchronous_commit = local; \
    SELECT pg_catalog.pg_logical_emit_message(true, 'lab', ''); COMMIT; ";

/// The tables that are new or have more rows than before.
fn grown(before: &RowCounts, after: RowCounts) -> Vec<(String, u64)> {
    let more = after.into_iter().map(|(table, rows)| {
        let had = before.get(&table).copied();
        (had.is_none(), table, rows.saturating_sub(had.unwrap_or(0)))
    });
    more.filter(|(is_new, _, rows)| *is_new || *rows > 0)
        .map(|(_, table, rows)| (table, rows))
        .collect()
}

/// A query whose answers are still to come.
type Sent<'q, 'a> = (&'q Query<'a>, Pin<Box<SimpleQueryStream>>);

type Blamed<'a> = (StatementOrigin<'a>, ServerError);

async fn run(
    client: &Client,
    dataset: &Dataset,
    script: &[SqlFile],
) -> Result<Loaded, DatasetError> {
    let exchanges =
        exchanges(script, !dataset.own).map_err(|(file, source)| DatasetError::Script {
            dataset: dataset.name.clone(),
            file: file.to_owned(),
            source,
        })?;
    let mut loaded = Loaded::default();
    let mut sent = VecDeque::new();
    for exchange in &exchanges {
        let done = exchange_one(client, exchange, &mut sent, &mut loaded).await;
        done.map_err(|blamed| refused(dataset, blamed))?;
        if let Exchange::OpenTransaction(begun) = exchange {
            return Err(DatasetError::OpenTransaction {
                dataset: dataset.name.clone(),
                file: begun.file.to_owned(),
                line: begun.line,
            });
        }
    }
    let done = answers(&mut sent, &mut loaded).await;
    done.map_err(|blamed| refused(dataset, blamed))?;
    Ok(loaded)
}

/// Sends a query, and waits for answers if too many are missing. Anything else waits for all answers first.
async fn exchange_one<'q, 'a>(
    client: &Client,
    exchange: &'q Exchange<'a>,
    sent: &mut VecDeque<Sent<'q, 'a>>,
    loaded: &mut Loaded,
) -> Result<(), Blamed<'a>> {
    match exchange {
        Exchange::Query(query) => {
            let bytes: usize = sent.iter().map(|(query, _)| query.text.len()).sum();
            if sent.len() >= IN_FLIGHT.0 || bytes + query.text.len() > IN_FLIGHT.1 {
                answers(sent, loaded).await?;
            }
            let stream = client.simple_query_raw(&query.text).await;
            let stream = stream.map_err(|error| (query.blame(None, 0), error.into()))?;
            sent.push_back((query, Box::pin(stream)));
        }
        Exchange::Copy(origin, statement, data) => {
            answers(sent, loaded).await?;
            copy(client, *origin, statement, *data, loaded).await?;
        }
        Exchange::OpenTransaction(_) => answers(sent, loaded).await?,
    }
    Ok(())
}

/// Waits for the answers to everything that was sent.
async fn answers<'a>(
    sent: &mut VecDeque<Sent<'_, 'a>>,
    loaded: &mut Loaded,
) -> Result<(), Blamed<'a>> {
    while let Some((query, mut stream)) = sent.pop_front() {
        let mut completed = 0;
        while let Some(answer) = stream.next().await {
            let answer = answer.map_err(|error| {
                let error = ServerError::from(error);
                (query.blame(error.position(), completed), error)
            })?;
            if let SimpleQueryMessage::CommandComplete(rows) = answer {
                if let Some(table) = query.origin(completed).and_then(|origin| origin.table) {
                    loaded.add(table, rows);
                }
                completed += 1;
            }
        }
    }
    Ok(())
}

fn refused(dataset: &Dataset, (origin, source): Blamed<'_>) -> DatasetError {
    DatasetError::Statement {
        dataset: dataset.name.clone(),
        file: origin.file.to_owned(),
        line: origin.line,
        source,
    }
}

fn connection(dataset: &Dataset, source: tokio_postgres::Error) -> DatasetError {
    DatasetError::Connection {
        dataset: dataset.name.clone(),
        source: source.into(),
    }
}

async fn copy<'a>(
    client: &Client,
    origin: StatementOrigin<'a>,
    statement: &str,
    data: Data<'_>,
    loaded: &mut Loaded,
) -> Result<(), Blamed<'a>> {
    let blame = |error: tokio_postgres::Error| {
        let error = ServerError::from(error);
        let row = error.context().and_then(copied_line);
        let line = row.map_or(origin.line, |row| data.line + row - 1);
        (StatementOrigin { line, ..origin }, error)
    };
    let sink = client.copy_in(statement).await.map_err(blame)?;
    let mut sink = pin!(sink);
    let bytes = std::io::Cursor::new(data.text.as_bytes().to_vec());
    sink.send(bytes).await.map_err(blame)?;
    let rows = sink.finish().await.map_err(blame)?;
    if let Some(table) = origin.table {
        loaded.add(table, rows);
    }
    Ok(())
}

/// The number in `COPY orders, line 3, column id: "x"`.
fn copied_line(context: &str) -> Option<usize> {
    let (_, rest) = context.strip_prefix("COPY ")?.split_once(", line ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    rest[..digits.unwrap_or(rest.len())].parse().ok()
}

impl Loaded {
    fn add(&mut self, table: &str, rows: u64) {
        match self.tables.iter_mut().find(|(known, _)| known == table) {
            Some((_, sum)) => *sum += rows,
            None => self.tables.push((table.to_owned(), rows)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_dataset_are_those_that_are_more_than_before() {
        let counts = |counts: &[(&str, u64)]| -> RowCounts {
            counts
                .iter()
                .map(|(table, rows)| ((*table).to_owned(), *rows))
                .collect()
        };
        let before = counts(&[("a", 2), ("b", 5), ("c", 1)]);
        let after = counts(&[("a", 3), ("b", 5), ("c", 0), ("d", 0)]);
        let named = |table: &str, rows| (table.to_owned(), rows);
        assert_eq!(grown(&before, after), [named("a", 1), named("d", 0)]);
    }

    #[test]
    fn the_line_of_copied_data_is_read_from_the_servers_context() {
        assert_eq!(
            copied_line("COPY orders, line 3, column id: \"x\""),
            Some(3)
        );
        assert_eq!(copied_line("COPY orders, line 12"), Some(12));
        assert_eq!(copied_line("SQL function \"f\""), None);
    }
}
