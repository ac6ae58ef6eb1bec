//! Sending a dataset to a server.

mod batch;

use std::pin::pin;

use futures_util::{SinkExt, StreamExt};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::dataset::Dataset;
use crate::exit::Exit;
use crate::failure::Explain;
use crate::name::DatasetName;
use crate::server::quiet;
use crate::server::server_error::ServerError;
use crate::sql::SqlFile;
use crate::sql::password::places;
use crate::sql::script::{Data, ScriptError};
use batch::{Exchange, Query, StatementOrigin, exchanges};

/// The result of loading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The tables that INSERT and COPY filled, as the SQL names them, with their numbers of rows.
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
    #[error("loading dataset `{dataset}`: its files leave a transaction open")]
    OpenTransaction {
        /// The dataset.
        dataset: DatasetName,
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
                Some("end every `BEGIN` of the files with a `COMMIT`, or leave both out".to_owned())
            }
            Self::Statement { .. } | Self::Connection { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Loads `dataset` through `client`, whose user is a superuser.
///
/// A built-in dataset is loaded as a whole or not at all. The user's own files commit as they go. They may change the
/// session (a dump empties `search_path`), so all settings of the session are reset at the end.
///
/// # Errors
/// [`DatasetError`] with the file and the line to blame.
pub async fn load(client: &Client, dataset: &Dataset) -> Result<Loaded, DatasetError> {
    let script = dataset.script();
    let secret = script.iter().any(|file| !places(&file.text).is_empty());
    if secret {
        quiet::begin(client).await;
    }
    let loaded = run(client, dataset, &script).await;
    if dataset.own {
        let end = if loaded.is_ok() { "" } else { "ROLLBACK; " };
        let reset = format!("{end}RESET SESSION AUTHORIZATION; RESET ALL");
        let reset = client.batch_execute(&reset).await;
        if loaded.is_ok() {
            reset.map_err(|source| connection(dataset, source))?;
        }
    }
    loaded
}

async fn run(
    client: &Client,
    dataset: &Dataset,
    script: &[SqlFile],
) -> Result<Loaded, DatasetError> {
    let exchanges = exchanges(script).map_err(|(file, source)| DatasetError::Script {
        dataset: dataset.name.clone(),
        file: file.to_owned(),
        source,
    })?;
    let mut loaded = Loaded::default();
    for exchange in &exchanges {
        let sent = match exchange {
            Exchange::Query(query) => send(client, query, &mut loaded).await,
            Exchange::Copy(origin, statement, data) => {
                copy(client, *origin, statement, *data, &mut loaded).await
            }
        };
        sent.map_err(|(origin, source)| DatasetError::Statement {
            dataset: dataset.name.clone(),
            file: origin.file.to_owned(),
            line: origin.line,
            source,
        })?;
    }
    if dataset.own
        && in_transaction(client)
            .await
            .map_err(|source| connection(dataset, source))?
    {
        return Err(DatasetError::OpenTransaction {
            dataset: dataset.name.clone(),
        });
    }
    Ok(loaded)
}

fn connection(dataset: &Dataset, source: tokio_postgres::Error) -> DatasetError {
    DatasetError::Connection {
        dataset: dataset.name.clone(),
        source: source.into(),
    }
}

async fn send<'a>(
    client: &Client,
    query: &Query<'a>,
    loaded: &mut Loaded,
) -> Result<(), (StatementOrigin<'a>, ServerError)> {
    let mut completed = 0;
    let blame = |completed, error: tokio_postgres::Error| {
        let error = ServerError::from(error);
        (query.blame(error.position(), completed), error)
    };
    let answers = client.simple_query_raw(&query.text).await;
    let mut answers = pin!(answers.map_err(|error| blame(0, error))?);
    while let Some(answer) = answers.next().await {
        if let SimpleQueryMessage::CommandComplete(rows) =
            answer.map_err(|error| blame(completed, error))?
        {
            if let Some(table) = query.origin(completed).and_then(|origin| origin.table) {
                loaded.add(table, rows);
            }
            completed += 1;
        }
    }
    Ok(())
}

async fn copy<'a>(
    client: &Client,
    origin: StatementOrigin<'a>,
    statement: &str,
    data: Data<'_>,
    loaded: &mut Loaded,
) -> Result<(), (StatementOrigin<'a>, ServerError)> {
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

/// Whether an earlier statement began a transaction, so that this one is not the transaction's first.
async fn in_transaction(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let answers = client
        .simple_query("SELECT transaction_timestamp() <> statement_timestamp()")
        .await?;
    Ok(answers
        .iter()
        .any(|answer| matches!(answer, SimpleQueryMessage::Row(row) if row.get(0) == Some("t"))))
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
    fn the_line_of_copied_data_is_read_from_the_servers_context() {
        assert_eq!(
            copied_line("COPY orders, line 3, column id: \"x\""),
            Some(3)
        );
        assert_eq!(copied_line("COPY orders, line 12"), Some(12));
        assert_eq!(copied_line("SQL function \"f\""), None);
    }
}
