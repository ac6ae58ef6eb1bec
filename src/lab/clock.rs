//! Durations of the phases, from the first beginning to the last end. Phases of different nodes overlap.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::event::{Event, Phase, Reporter};

/// Times phases and reports them.
#[derive(Clone)]
pub(super) struct Clock {
    reporter: Arc<dyn Reporter>,
    phases: Arc<Mutex<BTreeMap<Phase, PhaseSpan>>>,
    /// The number of parts of each phase that are still to come, if known.
    expected: Arc<Mutex<BTreeMap<Phase, usize>>>,
}

struct PhaseSpan {
    began: Instant,
    took: Duration,
    open: usize,
}

impl Clock {
    pub(super) fn new(reporter: Arc<dyn Reporter>) -> Self {
        Self {
            reporter,
            phases: Arc::default(),
            expected: Arc::default(),
        }
    }

    /// Runs `work` as a part of `phase`.
    pub(super) async fn time<T, E>(
        &self,
        phase: Phase,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.begin(phase);
        let done = work.await;
        self.end(phase, done.is_ok());
        done
    }

    /// Expects `parts` parts of `phase`, so that the phase does not end between two of them. It begins with the first.
    pub(super) fn expect(&self, phase: Phase, parts: usize) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.insert(phase, parts);
    }

    fn begin(&self, phase: Phase) {
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        let span = phases.entry(phase).or_insert_with(|| {
            self.reporter.report(&Event::Began(phase));
            PhaseSpan {
                began: Instant::now(),
                took: Duration::ZERO,
                open: 0,
            }
        });
        span.open += 1;
    }

    /// Counts down the parts to come. True if none is left.
    fn was_last(&self, phase: Phase) -> bool {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(parts) = expected.get_mut(&phase) else {
            return true;
        };
        *parts = parts.saturating_sub(1);
        *parts == 0
    }

    fn end(&self, phase: Phase, well: bool) {
        let was_last = self.was_last(phase);
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(span) = phases.get_mut(&phase) else {
            return;
        };
        span.open -= 1;
        span.took = span.began.elapsed();
        if span.open == 0 && was_last && well {
            self.reporter.report(&Event::Ended(phase, span.took));
        }
    }

    /// The durations so far.
    pub(super) fn timings(&self) -> BTreeMap<Phase, Duration> {
        let phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases
            .iter()
            .map(|(phase, span)| (*phase, span.took))
            .collect()
    }

    pub(super) fn report(&self, event: &Event) {
        self.reporter.report(event);
    }

    pub(super) fn reporter(&self) -> &Arc<dyn Reporter> {
        &self.reporter
    }
}
