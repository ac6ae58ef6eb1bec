//! Which nodes are standbys when a step happens, as far as the topology and the steps before tell.
//!
//! A node counts as a standby from the first step on that may have made it one, also by hand: what is not sure is not
//! refused.

use std::collections::BTreeSet;

use super::{Reading, Scenario};
use crate::action::{self, Action, Step};
use crate::name::NodeName;

/// The nodes that are standbys when the steps begin.
pub(super) fn by_topology(scenario: &Scenario) -> BTreeSet<&NodeName> {
    let nodes = scenario.nodes.0.iter();
    let standbys = nodes.filter(|(_, node)| node.standby_of.is_some());
    standbys.map(|(name, _)| name).collect()
}

/// The nodes that are standbys at some time.
pub(super) fn ever(scenario: &Scenario) -> BTreeSet<&NodeName> {
    let mut standbys = by_topology(scenario);
    for steps in [&scenario.steps, &scenario.teardown] {
        let steps = action::all(steps).into_iter();
        standbys.extend(steps.filter_map(|step| made(scenario, step)));
    }
    standbys
}

/// The node that a step may make a standby.
fn made<'a>(scenario: &'a Scenario, step: &'a Step) -> Option<&'a NodeName> {
    step.action.makes_standby(target(scenario, step))
}

/// The node that a step happens on.
fn target<'a>(scenario: &'a Scenario, step: &'a Step) -> Option<&'a NodeName> {
    let nodes = scenario.nodes.0.iter();
    let mut primaries = nodes.filter(|(_, node)| node.standby_of.is_none());
    let default = || primaries.next().map(|(name, _)| name);
    step.on.as_ref().or_else(default)
}

impl<'a> Reading<'a> {
    /// Learns what a step may make a standby.
    pub(super) fn made_standbys(&mut self, step: &'a Step) {
        let scenario = self.scenario;
        self.known.standbys.extend(made(scenario, step));
        if let Action::Repeat(_) = &step.action {
            // The second time round, what the last of its steps did is done.
            let rounds = step.action.inner().into_iter().flat_map(action::all);
            self.known
                .standbys
                .extend(rounds.filter_map(|step| made(scenario, step)));
        }
    }
}
