//! State that outlives a step: sessions, running loads and ledgers, and marks in the logs.
//!
//! Plain data, kept by [`super::scene`]. The files of the actions create and end it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::action::Cell;
use crate::engine::{EngineError, ExecOutput};
use crate::name::NodeName;
use crate::server::client::Noticing;
use crate::server::server_error::ServerError;

/// The end of each node's log.
pub(super) type Mark = BTreeMap<NodeName, LogEnd>;

/// The end of a node's log: what comes after it is new. The container's output and the collector's file grow each for
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LogEnd {
    /// The number of lines of the container's output.
    pub(super) output: usize,
    /// The collector's file, and the number of its lines.
    pub(super) file: Option<(String, usize)>,
}

/// The result of statements.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// The rows of the last statement, as text.
    pub(super) rows: Vec<Vec<Cell>>,
    /// The number of rows that the last statement returned or changed.
    pub(super) count: u64,
    /// Whether the last statement can return or change rows.
    pub(super) counts: bool,
    /// The server's notices: `NOTICE: …`.
    pub(super) notices: Vec<String>,
}

/// The outcome of statements.
pub(super) type Ran = Result<Answer, ServerError>;

/// A connection with a name.
pub(super) struct Session {
    pub(super) node: NodeName,
    pub(super) client: Arc<Noticing>,
    /// The server's process behind it.
    pub(super) pid: String,
    /// The statement that is running in it.
    pub(super) running: Option<JoinHandle<Ran>>,
    /// The statement that was sent last.
    pub(super) last: Option<AbortHandle>,
}

/// A `pgbench` that runs while later steps happen.
pub(super) type Running = JoinHandle<Result<ExecOutput, EngineError>>;

/// A row: the number of the connection that wrote it, and its own number there.
pub(super) type Row = (u32, u64);

/// The acknowledged rows, and the time of the last acknowledgement.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    pub(super) rows: BTreeSet<Row>,
    pub(super) last: Option<Instant>,
    /// The longest time in which no connection had a row acknowledged.
    pub(super) outage: Duration,
}

impl Acknowledged {
    pub(super) fn add(&mut self, row: Row, now: Instant) {
        self.rows.insert(row);
        self.outage = self
            .outage
            .max(self.last.map_or(Duration::ZERO, |last| now - last));
        self.last = Some(now);
    }
}

/// A ledger, running or finished.
pub(super) struct Ledger {
    pub(super) acknowledged: Arc<Mutex<Acknowledged>>,
    pub(super) end: CancellationToken,
    pub(super) writers: Option<JoinSet<()>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_time_without_an_acknowledgement_counts() {
        let (mut all, began) = (Acknowledged::default(), Instant::now());
        for (number, at) in [(1, 0), (2, 10), (3, 500), (4, 520)] {
            all.add((1, number), began + Duration::from_millis(at));
        }
        assert_eq!(all.outage, Duration::from_millis(490));
        assert_eq!(all.rows.len(), 4);
    }
}
