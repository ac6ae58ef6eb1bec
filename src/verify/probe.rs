//! Rows that prove replication: one into every table that replicates.
//!
//! Owns what is written, how it is found again, and how it is taken away. Never waits for a standby and never says
//! whether something is right: that is [`super::compare`]'s.
//!
//! The work is done under the locks that any INSERT takes, so a lab in use goes on. Keys are negative or random, so
//! that no sequence moves and no row of the user's is touched. Where a table takes no new row, one existing row is
//! updated to what it is already. Triggers of the user's fire, as they would for anybody's row; what they write
//! elsewhere stays.

mod keyed;
mod order;
mod read;
mod statement;
mod value;
mod write;

use crate::failure::Explain;
use crate::server::lsn::Lsn;
use crate::server::server_error::ServerError;
pub use keyed::{Sighting, Sought, kept_back, pass, sight, sweep, update};
pub use read::{Values, read, remove};
pub(super) use statement::qualified;
pub use write::{commit, insert, write};

/// How a row came to prove something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It is new.
    Inserted,
    /// It is the user's, updated to what it was already, because the table took no new row.
    Updated {
        /// Why it did not.
        because: String,
    },
}

/// One row, as it stands on the server where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeRow {
    /// The table's schema and name, quoted where needed.
    pub table: String,
    /// The table that holds the row: the same, or a partition of it.
    pub relation: String,
    /// Where in that table the row is. A physical standby has it in the same place.
    pub ctid: String,
    /// The transaction that wrote it; with `ctid` it means this version of this row and no other.
    pub xmin: String,
    /// How it came to be.
    pub how: How,
    /// The names of its columns, as they are.
    pub columns: Vec<String>,
    /// Their values as text; `None` is NULL.
    pub values: Vec<Option<String>>,
}

/// A table that could not be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The table's schema and name, quoted where needed.
    pub table: String,
    /// Why.
    pub because: String,
}

/// What a transaction wrote that is still open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// A row for each table, parents before those that refer to them.
    pub rows: Vec<ProbeRow>,
    /// The tables without one.
    pub skipped: Vec<Skipped>,
}

/// What was written and committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// A row for each table, parents before those that refer to them.
    pub rows: Vec<ProbeRow>,
    /// The tables without one.
    pub skipped: Vec<Skipped>,
    /// A position in the write-ahead log after the commit.
    pub lsn: Lsn,
}

/// What was taken away again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removed {
    /// How many rows.
    pub rows: usize,
    /// The tables that keep theirs, and why.
    pub left: Vec<Skipped>,
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// Whatever the server's settings say.
    AsConfigured,
    /// This server's disk alone.
    Local,
    /// The disks of the synchronous standbys.
    On,
    /// The synchronous standbys' having applied it.
    RemoteApply,
}

/// Why a probe could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Writing failed, and not for a reason that one table gives.
    #[error("writing a row into each table")]
    Write(#[source] ServerError),
    /// The commit failed.
    #[error("committing the rows written into each table")]
    Commit(#[source] ServerError),
    /// The server did not say where its log is.
    #[error("reading the position of the log after the commit")]
    Position,
    /// Reading failed.
    #[error("reading the rows written into each table")]
    Read(#[source] ServerError),
    /// Removing failed, and not for a reason that one table gives.
    #[error("removing the rows written into each table")]
    Remove(#[source] ServerError),
}

impl Explain for ProbeError {}
