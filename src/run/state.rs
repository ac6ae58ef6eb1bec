//! What steps leave behind for later ones: sessions, loads and ledgers that go on, and marks in the logs.
//!
//! Plain data, which [`super::scene`] keeps. Who makes and ends it is in the files of the actions.

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

/// How many lines each node's log had.
pub(super) type Mark = BTreeMap<NodeName, usize>;

/// What a statement gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// The rows of the last statement, as text.
    pub(super) rows: Vec<Vec<Cell>>,
    /// How many rows the last statement gave or changed.
    pub(super) count: u64,
    /// Whether it is one that gives or changes rows at all.
    pub(super) counts: bool,
    /// What the server said beside: `NOTICE: …`.
    pub(super) notices: Vec<String>,
}

/// How statements ended.
pub(super) type Ran = Result<Answer, ServerError>;

/// A connection with a name.
pub(super) struct Session {
    pub(super) node: NodeName,
    pub(super) client: Arc<Noticing>,
    /// The server's process behind it.
    pub(super) pid: String,
    /// The statement that goes on in it.
    pub(super) running: Option<JoinHandle<Ran>>,
    /// The statement that was sent last, whoever waits for it.
    pub(super) last: Option<AbortHandle>,
}

/// A `pgbench` that goes on while later steps happen.
pub(super) type Running = JoinHandle<Result<ExecOutput, EngineError>>;

/// A row: which connection wrote it, and its number there.
pub(super) type Row = (u32, u64);

/// What was acknowledged, and when.
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

/// A ledger that is being written, or was.
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
