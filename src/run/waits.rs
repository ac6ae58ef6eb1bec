//! Waits that last. A healthy commit also waits, for a millisecond, and says nothing about a lab.

use std::time::Duration;

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::action::Step;
use crate::server::server_error::ServerError;
use crate::wait::{WaitError, lasting};

/// How long a process must be seen in the same wait.
const LASTS: Duration = Duration::from_millis(200);

impl Scene<'_> {
    /// One of the waits that `look` finds, if it lasts.
    pub(super) async fn lasting<T, F>(
        &self,
        step: &Step,
        look: impl FnMut() -> F,
    ) -> Tried<Option<T>>
    where
        T: PartialEq,
        F: Future<Output = Result<Vec<T>, ServerError>>,
    {
        // A step may have less time than that.
        let limit = LASTS.min(self.patience(step) / 2);
        let found = lasting(limit, self.cancel, look).await;
        found.map_err(|error| match error {
            WaitError::Failed(error) => error.into(),
            _ => Wrong::Interrupted,
        })
    }
}
