//! Judges what an upstream shows of a standby. Pure.

use crate::failure::Failure;
use crate::plan::Standby;
use crate::server::lsn::Lsn;
use crate::server::replication::{Sender, SyncState};

/// The `sync_state` of the standby's one sender if it streams as it should, or what is seen instead.
pub(super) fn streaming(named: &[&Sender], standby: &Standby) -> Result<SyncState, Failure> {
    let application = &standby.application_name;
    let sender = match named {
        [sender] => sender,
        [] => {
            return Err(format!(
                "pg_stat_replication of `{}` has no `{application}`",
                standby.upstream
            )
            .into());
        }
        several => {
            return Err(format!(
                "pg_stat_replication has {} rows named `{application}`",
                several.len()
            )
            .into());
        }
    };
    if !sender.is_streaming() {
        return Err(format!("its state is `{}`", sender.state_word()).into());
    }
    match sender.sync_state {
        Some(state) if standby.sync_states.contains(&state) => Ok(state),
        state => {
            let wanted = standby.sync_states.iter().map(ToString::to_string);
            let wanted: Vec<String> = wanted.collect();
            Err(format!(
                "its sync_state is `{}`, not `{}`",
                state.map_or_else(|| "none".to_owned(), |state| state.to_string()),
                wanted.join("` or `")
            )
            .into())
        }
    }
}

/// The progress that a standby must have made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    /// Flushed to its disk.
    Flushed,
    /// Replayed.
    Replayed,
}

impl Reach {
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Flushed => "flush_lsn",
            Self::Replayed => "replay_lsn",
        }
    }

    pub(super) fn of(self, sender: &Sender) -> Option<Lsn> {
        match self {
            Self::Flushed => sender.flush_lsn,
            Self::Replayed => sender.replay_lsn,
        }
    }
}
