//! Rows that prove replication: one into every table that replicates.
//!
//! Owns writing the rows, finding them again and removing them. Never waits for a standby and never judges a result,
//! which [`super::compare`] does.
//!
//! A probe takes only the locks of an INSERT, so a lab in use goes on. Keys are negative or random, so no sequence moves
//! and no row of the user is touched. If a table takes no new row, an UPDATE sets one existing row to its present values.
//! The user's triggers and rules do not fire, and defaults that change something are not asked for. A table whose triggers
//! would fire all the same gets no row, and is named.

mod keyed;
mod order;
mod read;
mod same;
mod sought;
mod statement;
mod value;
mod write;

use serde::{Deserialize, Serialize};

use crate::failure::Explain;
use crate::server::lsn::Lsn;
use crate::server::server_error::ServerError;
pub use keyed::{Sighting, kept_back, pass, sight, sweep, update};
pub use read::{Values, read, read_kept, remove};
pub use sought::Sought;
pub(super) use statement::qualified;
pub use write::{commit, insert, write};

/// The origin of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// It is new.
    Inserted,
    /// It is the user's. An UPDATE set it to its present values, because the table took no new row.
    Updated {
        /// Why the table took no row.
        because: String,
    },
}

/// One row on the server where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRow {
    /// The table's schema and name, quoted if needed.
    pub table: String,
    /// The table that holds the row: the same, or a partition of it.
    pub relation: String,
    /// The row's place in that table. A physical standby has it at the same place.
    pub ctid: String,
    /// The transaction that wrote it; with `ctid` it means this version of this row and no other.
    pub xmin: String,
    /// Its origin.
    pub how: How,
    /// The names of its columns, unquoted.
    pub columns: Vec<String>,
    /// Their values as text; `None` is NULL.
    pub values: Vec<Option<String>>,
}

/// A table that could not be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The table's schema and name, quoted if needed.
    pub table: String,
    /// Why.
    pub because: String,
}

/// The rows of a transaction that is still open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UncommittedRows {
    /// A row for each table, parents before children.
    pub rows: Vec<ProbeRow>,
    /// The tables without one.
    pub skipped: Vec<Skipped>,
}

/// The rows that were committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// A row for each table, parents before children.
    pub rows: Vec<ProbeRow>,
    /// The tables without one.
    pub skipped: Vec<Skipped>,
    /// A WAL position after the commit.
    pub lsn: Lsn,
}

/// The rows that were removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemovedRows {
    /// Number of rows.
    pub rows: usize,
    /// The tables that still have their row, and why.
    pub left: Vec<Skipped>,
}

/// The `synchronous_commit` of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// The server's setting.
    AsConfigured,
    /// `local`: it waits for this server's disk alone.
    Local,
    /// `on`: it waits for the disks of the synchronous standbys.
    On,
    /// `remote_apply`: it waits until the synchronous standbys have replayed it.
    RemoteApply,
}

/// A probe that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Writing failed, and not because of one table.
    #[error("writing a row into each table")]
    Write(#[source] ServerError),
    /// The commit failed.
    #[error("committing the rows written into each table")]
    Commit(#[source] ServerError),
    /// The server did not return its WAL position.
    #[error("reading the position of the log after the commit")]
    Position,
    /// Reading failed.
    #[error("reading the rows written into each table")]
    Read(#[source] ServerError),
    /// Removing failed, and not because of one table.
    #[error("removing the rows written into each table")]
    Remove(#[source] ServerError),
}

impl Explain for ProbeError {}
