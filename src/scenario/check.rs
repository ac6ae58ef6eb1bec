//! Whether a scenario makes sense: everything in it that PostgreSQL would refuse, or that would never replicate.
//!
//! Owns the questions that need more than one part of the scenario for an answer. Pure: it reports paths, and the
//! loader knows where they stand. Never changes the scenario.

mod capacity;
mod conf;
mod sync;
mod topology;

use super::{Node, Scenario, SlotChoice};
use crate::name::NodeName;

pub use capacity::senders_where_silent;

/// Which part of an entry is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The key should not be there, or not so.
    Key,
    /// The value is wrong.
    Value,
}

/// One thing that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `nodes.replica.conf.hot_standby`. The scenario may be silent there: then its nearest parent is meant.
    pub path: String,
    /// Whether the key or the value is wrong.
    pub part: Part,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether this is sure only when every node was understood.
    needs_every_node: bool,
}

impl Finding {
    fn key(path: String, message: String, help: impl Into<Option<String>>) -> Self {
        Self {
            path,
            part: Part::Key,
            message,
            help: help.into(),
            needs_every_node: false,
        }
    }

    fn value(path: String, message: String, help: impl Into<Option<String>>) -> Self {
        Self {
            part: Part::Value,
            ..Self::key(path, message, help)
        }
    }

    fn sure_of_every_node(mut self) -> Self {
        self.needs_every_node = true;
        self
    }

    /// Whether this holds although the nodes at the `doubtful` paths were not understood.
    pub(super) fn holds_without(&self, doubtful: &[String]) -> bool {
        let inside = |path: &String| {
            self.path
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        doubtful.is_empty() || !(self.needs_every_node || doubtful.iter().any(inside))
    }
}

/// More nodes than one Docker network and one machine can hold, and than the checks below are made for.
const MOST_NODES: usize = 200;

/// Everything that makes no sense.
#[must_use]
pub fn check(scenario: &Scenario) -> Vec<Finding> {
    let count = scenario.nodes.0.len();
    if count > MOST_NODES {
        let message = format!("{count} nodes are too many: a lab has at most {MOST_NODES}");
        return vec![Finding::key("nodes".to_owned(), message, None)];
    }
    let mut found = topology::check(scenario);
    found.extend(conf::check(scenario));
    found.extend(capacity::check(scenario));
    found.extend(sync::check(scenario));
    found
}

fn conf_path(node: &NodeName, setting: &str) -> String {
    format!("nodes.{node}.conf.{setting}")
}

impl Scenario {
    fn standbys_of(&self, upstream: &NodeName) -> impl Iterator<Item = &(NodeName, Node)> {
        self.nodes
            .0
            .iter()
            .filter(move |(_, node)| node.standby_of.as_ref() == Some(upstream))
    }

    /// The major version that a node runs, where it is known without looking into the image.
    fn major_of(&self, node: &Node) -> Option<u32> {
        node.postgres.as_ref().unwrap_or(&self.postgres).major()
    }
}

impl Node {
    fn shown_name<'a>(&'a self, name: &'a NodeName) -> &'a str {
        self.application_name
            .as_ref()
            .map_or(name.as_str(), |name| name.as_str())
    }

    fn slot_name<'a>(&'a self, name: &'a NodeName) -> Option<&'a str> {
        match &self.slot {
            Some(SlotChoice::None) => None,
            Some(SlotChoice::Named(slot)) => Some(slot.as_str()),
            None => Some(name.as_str()),
        }
    }
}
