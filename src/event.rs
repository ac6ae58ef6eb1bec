//! What happened, as values. The library emits events; whoever runs it decides what to show.

use std::time::Duration;

use serde::Serialize;

use crate::name::NodeName;

/// The parts of bringing up a lab, in the order in which they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Finding, pulling or building images.
    Images,
    /// The lab's claim on its name, its network and its volumes.
    Network,
    /// Creating and starting containers.
    Containers,
    /// `initdb`, or a copy of a template.
    Initialise,
    /// Configuration written and the first server accepting connections.
    Primary,
    /// Roles, slots and databases.
    Roles,
    /// Datasets.
    Populate,
    /// `pg_basebackup`.
    BaseBackup,
    /// Standbys started and streaming.
    Stream,
    /// Subscriptions created and their tables copied.
    Subscribe,
    /// Services answering.
    Services,
    /// The proof.
    Verify,
}

impl Phase {
    /// The phase as a key of a JSON document.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Network => "network",
            Self::Containers => "containers",
            Self::Initialise => "initialise",
            Self::Primary => "primary",
            Self::Roles => "roles",
            Self::Populate => "populate",
            Self::BaseBackup => "base_backup",
            Self::Stream => "stream",
            Self::Subscribe => "subscribe",
            Self::Services => "services",
            Self::Verify => "verify",
        }
    }

    /// The phase as an act: "taking base backups".
    #[must_use]
    pub fn act(self) -> &'static str {
        match self {
            Self::Images => "finding images",
            Self::Network => "making the network",
            Self::Containers => "starting containers",
            Self::Initialise => "initialising a data directory",
            Self::Primary => "starting the primary",
            Self::Roles => "creating roles and slots",
            Self::Populate => "loading data",
            Self::BaseBackup => "taking base backups",
            Self::Stream => "starting standbys",
            Self::Subscribe => "copying tables",
            Self::Services => "waiting for services",
            Self::Verify => "verifying replication",
        }
    }
}

/// How far something long has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What it is about: a node's name, an image's layer, a dataset.
    pub subject: String,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What a unit is.
    pub unit: Unit,
}

/// What [`Progress`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things done, such as packages.
    Items,
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Which one: `3`, and `3.1` for the first of those that happen during it. `t1` is the first of the teardown.
    pub number: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What a reader is told.
    pub say: Option<String>,
    /// What it does, in one line.
    pub what: String,
    /// Whether it brought what it should.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// What was seen.
    pub seen: String,
    /// What should have been seen instead, where it was not.
    pub expected: Option<String>,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A phase began. Phases of different nodes overlap.
    Began(Phase),
    /// A phase ended well, after that long.
    Ended(Phase, Duration),
    /// A node got on: "base backup taken", "streaming".
    Node(NodeName, String),
    /// Something long moved.
    Progress(Phase, Progress),
    /// A step of the scenario begins.
    Step {
        /// Which one.
        number: String,
        /// What a reader is told before it happens.
        say: Option<String>,
        /// What it does, in one line.
        what: String,
    },
    /// A step of the scenario ended.
    Stepped(Outcome),
    /// One line a person should read whatever else is shown: which way an image was found.
    Note(String),
    /// Something is not as it should be and does not stop the work.
    Warning(String),
}

/// Whoever wants to know: progress bars, plain lines, or a `Vec` in a test.
pub trait Reporter: Send + Sync {
    /// Takes one event. It must not block for long: it is called from inside the work.
    fn report(&self, event: &Event);
}

/// A reporter that tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event) {}
}
