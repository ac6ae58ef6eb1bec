//! Whether a scenario makes sense: everything in it that PostgreSQL would refuse, or that would never replicate.
//!
//! Owns the questions that need more than one part of the scenario for an answer. Pure: it reports paths, and the
//! loader knows where they stand. Never changes the scenario.

mod capacity;
mod conf;
mod dataset_files;
mod hba;
mod later;
mod limits;
mod logical;
mod published;
mod services;
mod steps;
mod sync;
mod tls;
mod together;
mod topology;

use super::logical::{Publication, Subscription};
use super::{Node, Scenario, SlotChoice, SqlFiles};
use crate::name::{NodeName, ObjectName};

pub use capacity::{clients, default_senders};
pub use logical::publishes;

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
    /// Where: `nodes.replica.conf.hot_standby`. If the scenario lacks that key, its nearest parent is meant.
    pub path: String,
    /// Whether the key or the value is wrong.
    pub part: Part,
    /// The message.
    pub message: String,
    /// The way to correct it.
    pub help: Option<String>,
    /// Whether this is sure only when every node was understood.
    needs_every_node: bool,
    /// Whether this is sure only when every step was understood.
    needs_every_step: bool,
}

/// The parts of a file that were not understood. Errors that depend on them may be false, so they are not reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doubts {
    /// The paths of nodes.
    pub nodes: Vec<String>,
    /// The paths of steps.
    pub steps: Vec<String>,
}

impl Finding {
    fn key(path: String, message: String, help: impl Into<Option<String>>) -> Self {
        Self {
            path,
            part: Part::Key,
            message,
            help: help.into(),
            needs_every_node: false,
            needs_every_step: false,
        }
    }

    fn value(path: String, message: String, help: impl Into<Option<String>>) -> Self {
        Self {
            part: Part::Value,
            ..Self::key(path, message, help)
        }
    }

    /// The same, about the value at another path.
    fn moved_to(self, path: String) -> Self {
        Self {
            path,
            part: Part::Value,
            ..self
        }
    }

    fn sure_of_every_node(mut self) -> Self {
        self.needs_every_node = true;
        self
    }

    fn sure_of_every_step(mut self) -> Self {
        self.needs_every_step = true;
        self
    }

    /// Whether this holds although something was not understood.
    pub(super) fn holds_with(&self, doubts: &Doubts) -> bool {
        let inside = |path: &String| {
            self.path
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let doubtful = |paths: &[String], needs_all: bool| {
            !paths.is_empty() && (needs_all || paths.iter().any(inside))
        };
        !doubtful(&doubts.nodes, self.needs_every_node)
            && !doubtful(&doubts.steps, self.needs_every_step)
    }
}

/// More nodes than one Docker network and one machine can hold, and than the checks below are made for.
const MOST_NODES: usize = 200;

/// Everything that makes no sense. `sql` is the content of the datasets' own files.
#[must_use]
pub fn check(scenario: &Scenario, sql: &SqlFiles) -> Vec<Finding> {
    let count = scenario.nodes.0.len();
    if count > MOST_NODES {
        let message = format!("{count} nodes are too many: a lab has at most {MOST_NODES}");
        return vec![Finding::key("nodes".to_owned(), message, None)];
    }
    let mut found = topology::check(scenario);
    found.extend(later::check(scenario));
    found.extend(limits::check(scenario));
    found.extend(conf::check(scenario));
    found.extend(capacity::check(scenario));
    found.extend(sync::check(scenario));
    found.extend(hba::check(scenario));
    found.extend(tls::check(scenario));
    found.extend(together::check(scenario));
    found.extend(services::check(scenario));
    found.extend(logical::check(scenario));
    found.extend(dataset_files::check(scenario, sql));
    found.extend(published::check(scenario, sql));
    found.extend(steps::check(scenario));
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

    /// The nodes that begin with a base backup of `source` without being its standbys.
    pub fn restored_from(&self, source: &NodeName) -> impl Iterator<Item = &(NodeName, Node)> {
        let nodes = self.nodes.0.iter();
        nodes.filter(move |(_, node)| node.restored_from.as_ref() == Some(source))
    }

    /// Every subscription, with its node.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&NodeName, &ObjectName, &Subscription)> {
        self.nodes.0.iter().flat_map(|(node, written)| {
            let subscriptions = written.subscriptions.0.iter();
            subscriptions.map(move |(name, subscription)| (node, name, subscription))
        })
    }

    /// The subscriptions that connect to `upstream`.
    pub fn subscriptions_to(
        &self,
        upstream: &NodeName,
    ) -> impl Iterator<Item = (&NodeName, &ObjectName, &Subscription)> {
        self.subscriptions()
            .filter(move |(.., subscription)| subscription.upstream == *upstream)
    }

    /// The publications that a subscriber of `upstream` can name: those of its primary.
    #[must_use]
    pub fn publications_of(&self, upstream: &NodeName) -> &[(ObjectName, Publication)] {
        let primary = crate::scenario::root(&self.nodes, upstream);
        let primary = self.nodes.find(primary);
        primary.map_or(&[], |node| node.publications.0.as_slice())
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
