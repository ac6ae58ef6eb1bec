//! Options of a walk through steps.

use std::time::Duration;

use crate::action::PATIENCE;

/// Options of a walk through steps.
#[derive(Debug, Clone)]
pub struct StepOptions {
    /// The longest time that a step without `within` may wait.
    pub within: Duration,
    /// The first step to run, counted from 1. Earlier steps count as done.
    pub from: usize,
    /// When the teardown runs.
    pub teardown: Teardown,
}

/// When the teardown runs. A lab that is kept has none, so that it can be inspected as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Teardown {
    /// Always.
    #[default]
    Always,
    /// If every step passed.
    Passed,
    /// Never.
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
