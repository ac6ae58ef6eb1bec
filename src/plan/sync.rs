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
    // The states without the standbys that start later, and with them.
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
