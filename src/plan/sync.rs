//! The `sync_state` that each standby must show, from its upstream's `synchronous_standby_names` (manual: "Primary
//! Server" of "Replication").

use crate::name::{ApplicationName, NodeName};
use crate::scenario::sync_names::{SyncMethod, SyncStandbyNames};
use crate::scenario::{Scenario, Start};
use crate::server::replication::SyncState;

/// The states that a standby may show once all of them stream, the expected one first.
///
/// With `FIRST n (*)` the server chooses among the standbys, so both `sync` and `potential` are right. On a standby the
/// setting has no effect: a cascade is asynchronous.
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
    let standbys = scenario.nodes.0.iter();
    let siblings: Vec<(&str, Start)> = standbys
        .filter(|(_, other)| other.standby_of.as_ref() == Some(upstream))
        .map(|(name, other)| {
            let shown = other.application_name.as_ref();
            let shown = shown.map_or(name.as_str(), ApplicationName::as_str);
            (shown, other.start)
        })
        .collect();
    let shown = |later: bool| -> Vec<&str> {
        let counted = siblings.iter();
        let counted = counted.filter(|(_, start)| later || *start == Start::Now);
        counted.map(|(name, _)| *name).collect()
    };
    // The states without the standbys that start later, and with them.
    let mut expected = states(&names, application.as_str(), &shown(false));
    for state in states(&names, application.as_str(), &shown(true)) {
        if !expected.contains(&state) {
            expected.push(state);
        }
    }
    expected
}

/// The states that a standby may show when exactly `siblings`, it among them, stream from its primary.
#[must_use]
pub fn states(names: &SyncStandbyNames, own: &str, siblings: &[&str]) -> Vec<SyncState> {
    let priority = |name: &str| names.names.iter().position(|listed| listed.matches(name));
    let Some(own) = priority(own) else {
        return vec![SyncState::Async];
    };
    if names.method == SyncMethod::Any {
        return vec![SyncState::Quorum];
    }
    let priorities: Vec<usize> = siblings.iter().filter_map(|name| priority(name)).collect();
    by_priority(own, &priorities, names.count as usize)
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
