//! Waiting until a named standby streams from its upstream.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::name::NodeName;
use crate::plan::Standby;
use crate::server::client::{Doing as _, Reader, SqlError};
use crate::server::replication;
use crate::wait::{Probe, WaitError, wait_for};

use super::error::{LabError, Late};

/// Waits until the upstream's `pg_stat_replication` shows the standby's `application_name` as streaming.
///
/// The standby's base backup is also shown as streaming, under another name.
pub(super) async fn streaming(
    upstream: &Reader,
    name: &NodeName,
    standby: &Standby,
    within: Duration,
    cancel: &CancellationToken,
    log: impl Fn() -> Vec<String>,
) -> Result<(), LabError> {
    let act = || format!("waiting for `{name}` to stream from `{}`", standby.upstream);
    let waited = wait_for(within, cancel, || async {
        let senders = replication::senders(upstream).await.doing(act)?;
        let name = standby.application_name.as_str();
        let sender = replication::to_standby(&senders, name).next();
        Ok::<_, SqlError>(match sender {
            Some(sender) if sender.is_streaming() => Probe::Ready(()),
            Some(sender) => Probe::NotYet(format!("it is in state `{}`", sender.state_word())),
            None => Probe::NotYet(format!("pg_stat_replication has no `{name}`")),
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
