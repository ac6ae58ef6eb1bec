//! What nodes are when a step happens, as far as the topology and the steps before tell.
//!
//! A node counts as a standby from the first step on that may have made it one, also by hand: what is not sure is not
//! refused.

use std::collections::BTreeSet;

use super::{Finding, Scenario, Walk};
use crate::action::{Action, Check, Follow, Step};
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
        standbys.extend(made_by(scenario, steps));
    }
    standbys
}

/// The nodes that steps may make standbys, with those of the steps within them.
fn made_by<'a>(scenario: &'a Scenario, steps: &'a [Step]) -> BTreeSet<&'a NodeName> {
    let mut nodes = BTreeSet::new();
    for step in steps {
        nodes.extend(made(scenario, step));
        match &step.action {
            Action::Hold(hold) => nodes.extend(made_by(scenario, &hold.during)),
            Action::Repeat(repeat) => {
                let rounds = repeat.rounds.iter();
                nodes.extend(rounds.flat_map(|round| made_by(scenario, round)));
            }
            _ => {}
        }
    }
    nodes
}

/// The node that a step may make a standby.
fn made<'a>(scenario: &'a Scenario, step: &'a Step) -> Option<&'a NodeName> {
    match &step.action {
        Action::Follow(Follow { node, .. })
        | Action::Rewind(Follow { node, .. })
        | Action::Reclone(Follow { node, .. }) => Some(node),
        Action::Clone(clone) => Some(&clone.node),
        // A program can write `standby.signal`, and so can `COPY … TO PROGRAM`.
        Action::Exec(_) => target(scenario, step),
        Action::Sql(text) => target(scenario, step).filter(|_| runs_programs(text)),
        Action::SqlFile(file) => target(scenario, step).filter(|_| runs_programs(&file.text)),
        _ => None,
    }
}

fn runs_programs(sql: &str) -> bool {
    sql.to_ascii_lowercase().contains("program")
}

/// The node that a step happens on.
fn target<'a>(scenario: &'a Scenario, step: &'a Step) -> Option<&'a NodeName> {
    let nodes = scenario.nodes.0.iter();
    let mut primaries = nodes.filter(|(_, node)| node.standby_of.is_none());
    let silent = || primaries.next().map(|(name, _)| name);
    step.on.as_ref().or_else(silent)
}

impl<'a> Walk<'a> {
    /// A primary cannot be promoted, and what never is a standby never streams.
    pub(super) fn roles(&mut self, step: &'a Step, at: &str) {
        let fails = step.expect.as_ref().is_some_and(|it| it.error.is_some());
        let streaming = match &step.action {
            Action::Promote(node) if !fails && self.is_no_standby(node, &self.standbys) => {
                let message = format!("`{node}` is a primary already");
                let help = "a standby is promoted: `follow`, `rewind`, `reclone` or `clone` make a node one".to_owned();
                let found = Finding::value(format!("{at}.promote"), message, help);
                let found = found.sure_of_every_node().sure_of_every_step();
                self.found.push(found);
                None
            }
            Action::Not(Check::Streaming(streaming)) => Some((streaming, "not.streaming")),
            Action::Hold(hold) if hold.never => match &hold.check {
                Check::Streaming(streaming) => Some((streaming, "hold.check.streaming")),
                _ => None,
            },
            _ => None,
        };
        if let Some((streaming, key)) = streaming {
            let nodes = streaming.node.0.iter();
            let never = nodes.filter(|node| self.is_no_standby(node, &self.ever_standbys));
            let found: Vec<Finding> = never
                .map(|node| {
                    let message = format!("`{node}` is never a standby: it could not stream");
                    let path = format!("{at}.{key}.node");
                    let found = Finding::value(path, message, None);
                    found.sure_of_every_node().sure_of_every_step()
                })
                .collect();
            self.found.extend(found);
        }
        self.standbys.extend(made(self.scenario, step));
        if let Action::Repeat(repeat) = &step.action {
            // The second time round, what the last of its steps did is done.
            let rounds = repeat.rounds.iter();
            self.standbys
                .extend(rounds.flat_map(|round| made_by(self.scenario, round)));
        }
    }

    /// Whether a node is there and none of these.
    fn is_no_standby(&self, node: &NodeName, standbys: &BTreeSet<&NodeName>) -> bool {
        self.scenario.nodes.find(node).is_some() && !standbys.contains(node)
    }
}
