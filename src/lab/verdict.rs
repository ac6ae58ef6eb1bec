//! The proof that ends `up`, and its result. The caller passes the proof in, so that the lab needs no room above it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::name::NodeName;
use crate::server::client::Reader;

use super::{Lab, LabError};

/// The connection to each node that is up.
pub type Connections = BTreeMap<NodeName, Arc<Reader>>;

/// A proof: [`crate::verify::proof`] is the one that proves replication.
///
/// It may take the given time for each wait. After a cancellation it still undoes what it did.
pub type Proof = for<'a> fn(
    &'a Lab,
    Connections,
    Duration,
    &'a CancellationToken,
) -> BoxFuture<'a, Result<Verdict, LabError>>;

/// One check of the proof.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What was claimed: "primary -> replica: rows arrive".
    pub name: String,
    /// Whether it held.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// What was compared, or why it failed.
    pub detail: String,
    /// What to do about a failure, if that is known.
    pub hint: Option<String>,
}

/// What the proof says nothing about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotProven {
    /// What it is, with its node: "primary: public.cache".
    pub name: String,
    /// Why it was not proven.
    pub because: String,
}

/// The result of the proof.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether every check held, and there was at least one.
    pub passed: bool,
    /// The checks.
    pub checks: Vec<Check>,
    /// What no check says anything about, by name.
    pub not_proven: Vec<NotProven>,
}

impl Verdict {
    /// The verdict on `checks`. No checks prove nothing, so they do not pass.
    #[must_use]
    pub fn new(checks: Vec<Check>) -> Self {
        Self {
            passed: !checks.is_empty() && checks.iter().all(|check| check.passed),
            checks,
            not_proven: Vec::new(),
        }
    }

    /// The same verdict, with what was not proven.
    #[must_use]
    pub fn without(mut self, mut not_proven: Vec<NotProven>) -> Self {
        not_proven.sort();
        not_proven.dedup();
        self.not_proven = not_proven;
        self
    }
}
