//! How steps are walked through.

use std::time::Duration;

use crate::action::PATIENCE;

/// How steps are walked through.
#[derive(Debug, Clone)]
pub struct StepOptions {
    /// How long a step may wait where it does not say.
    pub within: Duration,
    /// The first step to happen, counted from 1. Those before it are taken to have happened.
    pub from: usize,
    /// When the teardown happens.
    pub teardown: Teardown,
}

/// When the teardown happens: it belongs to taking a lab away, and one that stays is to be looked at as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Teardown {
    /// Whatever became of the steps.
    #[default]
    Always,
    /// When every step brought what it should.
    Passed,
    /// Not at all.
    Never,
}

impl Default for StepOptions {
    fn default() -> Self {
        Self {
            within: PATIENCE,
            from: 1,
            teardown: Teardown::default(),
        }
    }
}
