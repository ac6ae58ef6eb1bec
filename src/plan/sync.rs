//! Which `sync_state` each standby must show, from its upstream's `synchronous_standby_names` (manual, 19.6.2).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{ApplicationName, NodeName};
use crate::scenario::sync_names::{SyncMethod, SyncStandbyNames};
use crate::scenario::{Scenario, Start};

/// `pg_stat_replication.sync_state` (manual, 28.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// Commits do not wait for it.
    Async,
    /// It would become synchronous if one that is now fails.
    Potential,
    /// Commits wait for it.
    Sync,
    /// Commits wait for some of a group that it is in.
    Quorum,
}

impl SyncState {
    /// The state that the server calls so; `None` for a word that is not known.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Async, Self::Potential, Self::Sync, Self::Quorum];
        all.into_iter().find(|state| state.to_string() == word)
    }

    /// Whether commits may be waiting for a standby in this state.
    #[must_use]
    pub fn holds_commits(self) -> bool {
        matches!(self, Self::Sync | Self::Quorum)
    }
}

impl fmt::Display for SyncState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async => "async",
            Self::Potential => "potential",
            Self::Sync => "sync",
            Self::Quorum => "quorum",
        })
    }
}

/// The states that a standby may show once all of them stream, the expected one first.
///
/// Which one of several a `FIRST n (*)` takes is the server's choice, so that both `sync` and `potential` are right
/// there. On a standby the setting has no effect: a cascade is asynchronous.
#[must_use]
pub fn expected_states(
    scenario: &Scenario,
    upstream: &NodeName,
    application: &ApplicationName,
) -> Vec<SyncState> {
    let Some(node) = scenario.nodes.find(upstream) else {
        return vec![SyncState::Async];
    };
    let names = node
        .conf
        .find("synchronous_standby_names")
        .and_then(|value| value.0.parse::<SyncStandbyNames>().ok());
    let Some(names) = names.filter(|_| node.standby_of.is_none()) else {
        return vec![SyncState::Async];
    };
    let priority = |name: &str| names.names.iter().position(|listed| listed.matches(name));
    let Some(own) = priority(application.as_str()) else {
        return vec![SyncState::Async];
    };
    if names.method == SyncMethod::Any {
        return vec![SyncState::Quorum];
    }
    let standbys = scenario.nodes.0.iter();
    let siblings: Vec<(usize, Start)> = standbys
        .filter(|(_, other)| other.standby_of.as_ref() == Some(upstream))
        .filter_map(|(name, other)| {
            let shown = other.application_name.as_ref();
            let shown = shown.map_or(name.as_str(), ApplicationName::as_str);
            Some((priority(shown)?, other.start))
        })
        .collect();
    let count = names.count as usize;
    let priorities = |later: bool| -> Vec<usize> {
        let counted = siblings.iter();
        let counted = counted.filter(|(_, start)| later || *start == Start::Now);
        counted.map(|(priority, _)| *priority).collect()
    };
    // Before those that start later are there, and with them.
    let (now, all) = (priorities(false), priorities(true));
    let mut states = by_priority(own, &now, count);
    for state in by_priority(own, &all, count) {
        if !states.contains(&state) {
            states.push(state);
        }
    }
    states
}

fn by_priority(own: usize, priorities: &[usize], count: usize) -> Vec<SyncState> {
    let ahead = priorities.iter().filter(|other| **other < own).count();
    let level = priorities.iter().filter(|other| **other == own).count();
    if ahead >= count {
        vec![SyncState::Potential]
    } else if ahead + level <= count {
        vec![SyncState::Sync]
    } else {
        vec![SyncState::Sync, SyncState::Potential]
    }
}
