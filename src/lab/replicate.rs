//! Waiting until a named standby streams from its upstream.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::name::NodeName;
use crate::plan::Standby;
use crate::server::client::{Doing as _, SqlError};
use crate::wait::{Probe, WaitError, wait_for};

use super::error::{LabError, Late};

/// Waits until `pg_stat_replication` of the upstream shows the standby, by its `application_name`, as streaming.
///
/// Its base backup shows up as streaming too, under a name of its own.
pub(super) async fn streaming(
    upstream: &Client,
    name: &NodeName,
    standby: &Standby,
    within: Duration,
    cancel: &CancellationToken,
    log: impl Fn() -> Vec<String>,
) -> Result<(), LabError> {
    let act = || format!("waiting for `{name}` to stream from `{}`", standby.upstream);
    let sql = "SELECT state FROM pg_stat_replication WHERE application_name = $1";
    let waited = wait_for(within, cancel, || async {
        let rows = upstream
            .query(sql, &[&standby.application_name.as_str()])
            .await
            .doing(act)?;
        let states: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        Ok::<_, SqlError>(match states.first().map(String::as_str) {
            Some("streaming") => Probe::Ready(()),
            Some(state) => Probe::NotYet(format!("it is in state `{state}`")),
            None => Probe::NotYet(format!(
                "pg_stat_replication has no `{}`",
                standby.application_name
            )),
        })
    });
    waited.await.map_err(|error| match error {
        WaitError::Interrupted => LabError::Interrupted,
        WaitError::Failed(error) => error.into(),
        error @ WaitError::Limit { .. } => LabError::Late {
            act: act(),
            seen: Late(error.to_string()),
            log: log(),
        },
    })
}
