//! What happens, as values. The library emits events; the caller decides what to show.

use std::time::Duration;

use serde::Serialize;

use crate::name::NodeName;

/// The phases of bringing up a lab, in the order of their beginnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Find, pull or build images.
    Images,
    /// Claim the lab's name and create its network and volumes.
    Network,
    /// Create and start containers.
    Containers,
    /// Run `initdb`, or copy a template.
    Initialise,
    /// Write the configuration and start the first server.
    Primary,
    /// Create roles, slots and databases.
    Roles,
    /// Load datasets.
    Populate,
    /// Run `pg_basebackup`.
    BaseBackup,
    /// Start standbys and wait until they stream.
    Stream,
    /// Create subscriptions and wait until their tables are copied.
    Subscribe,
    /// Wait until services answer.
    Services,
    /// Prove that the lab replicates.
    Verify,
}

impl Phase {
    /// The phase's key in JSON documents.
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
            Self::Network => "creating the network",
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

/// The progress of something long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What progresses: a node, a layer of an image, a dataset.
    pub subject: String,
    /// Units done.
    pub done: u64,
    /// Units in total, if known.
    pub total: Option<u64>,
    /// The unit.
    pub unit: ProgressUnit,
}

/// The unit of a [`Progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressUnit {
    /// Bytes.
    Bytes,
    /// Things, such as packages.
    Items,
}

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The step's number: `3`, or `3.1` for the first step inside it. `t1` is the first step of the teardown.
    pub number: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its `say`, for the reader.
    pub say: Option<String>,
    /// What it does, in one line.
    pub what: String,
    /// Whether it passed.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// What was seen.
    pub seen: String,
    /// What was expected instead, if it failed.
    pub expected: Option<String>,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// Something that happened.
///
/// ```
/// use replication_lab::Event;
/// use replication_lab::event::Reporter;
///
/// struct Warnings;
///
/// impl Reporter for Warnings {
///     fn report(&self, event: &Event) {
///         if let Event::Warning(text) = event {
///             eprintln!("warning: {text}");
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A phase began. Phases of different nodes overlap.
    Began(Phase),
    /// A phase succeeded and took this long.
    Ended(Phase, Duration),
    /// A node reached a state: "base backup taken", "streaming".
    Node(NodeName, String),
    /// Something long made progress.
    Progress(Phase, Progress),
    /// A step begins.
    Step {
        /// The step's number.
        number: String,
        /// Its `say`, for the reader.
        say: Option<String>,
        /// What it does, in one line.
        what: String,
    },
    /// A step ended.
    Stepped(Outcome),
    /// A line that is always shown: where an image came from.
    Note(String),
    /// Something is wrong, but the work continues.
    Warning(String),
}

/// Receives events: progress bars, plain lines, or a `Vec` in a test.
pub trait Reporter: Send + Sync {
    /// Takes an event. It must return quickly, because the work waits for it.
    fn report(&self, event: &Event);
}

/// A reporter that ignores every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event) {}
}
