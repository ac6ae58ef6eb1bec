//! What a person may write: the scenario file as types.
//!
//! Owns the shape of the file, key by key, with the descriptions that become the JSON Schema. Never fills
//! in a default that depends on something else in the file: that is the plan's work ([`crate::plan`]).

pub mod catalog;
pub mod check;
mod dataset_ref;
mod disk;
mod distribution;

pub mod load;
pub mod logical;
mod node;
mod overrides;
mod read;
mod replication_user;
mod rounds;
pub mod schema;
pub(crate) use settings::boolean;
pub mod services;
mod settings;
pub mod sync_names;
mod version;

use schemars::JsonSchema;

pub use crate::action::Feature;
use crate::action::{Span, Step};
use crate::name::{DatabaseName, LabName};
pub use crate::yaml::diagnostic;
pub use dataset_ref::{DatasetRef, SqlFiles};
pub use disk::DiskSize;
pub use node::{ByName, Conf, Node, Nodes, SettingValue, SlotChoice, Start, root};
pub use replication_user::{AuthMethod, ReplicationUser};
use services::Services;
pub use version::{PostgresVersion, VersionError};

/// One scenario file: a topology, its data and what it teaches.
///
/// ```
/// use replication_lab::scenario::load::{Overrides, Source, load};
///
/// let text = "name: pair\nnodes:\n  primary: {}\n  replica: { standby_of: primary }\n";
/// let source = Source::new("pair.yaml", text.as_bytes(), None)?;
/// let scenario = load(&source, &Overrides::default())?.scenario;
/// assert_eq!(scenario.nodes.0.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
#[schemars(description = "One scenario file: a topology, its data and what it teaches.")]
pub struct Scenario {
    /// The scenario's name, which is also the running lab's name unless `--name` says another.
    pub name: LabName,
    /// One line that says what is shown.
    #[schemars(default)]
    pub title: String,
    /// What a reader learns, in a few sentences.
    #[schemars(default)]
    pub about: String,
    /// The PostgreSQL version of every node that says none: a major version (17) or an image (postgres:17.2).
    #[schemars(default, extend("default" = 17))]
    pub postgres: PostgresVersion,
    /// How the replication user proves who it is.
    #[schemars(default)]
    pub auth: AuthMethod,
    /// Whether nodes connect to each other with TLS alone, each proven by a certificate of the lab's own authority.
    #[schemars(default)]
    pub tls: bool,
    /// Whether the write-ahead log is archived, where every node can fetch it from (`archive_command`,
    /// `restore_command`).
    #[schemars(default)]
    pub archive: bool,
    /// The role that standbys connect as.
    #[schemars(default)]
    pub replication_user: ReplicationUser,
    /// The database that datasets go to and that connections open.
    #[schemars(default = "default_database")]
    pub database: DatabaseName,
    /// The PostgreSQL servers, by name.
    pub nodes: Nodes,
    /// What runs beside the nodes, by name.
    #[schemars(default)]
    pub services: Services,
    /// The datasets loaded before the standbys are made, into every primary that neither subscribes nor has `data` of
    /// its own.
    #[schemars(default)]
    pub data: Vec<DatasetRef>,
    /// What the kernel must be able to do: `netem`, `htb`, or a list of them. Where it cannot, `lab run` skips the lab and
    /// says why.
    #[schemars(default, with = "crate::action::OneOrMany<Feature>")]
    pub requires: Vec<Feature>,
    /// What `lab run` and the reader do once the lab is up, one after the other.
    #[schemars(default)]
    pub steps: Vec<Step>,
    /// How long all steps together may take. The teardown may take as long again.
    #[schemars(default = "default_limit", extend("default" = "10min"))]
    pub limit: Span,
    /// Steps that happen at the end, whatever became of the others.
    #[schemars(default)]
    pub teardown: Vec<Step>,
}

/// The database where a scenario names none.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "the literal is a valid name")]
pub fn default_database() -> DatabaseName {
    DatabaseName::new("shopping").expect("a valid literal")
}

/// How long all steps may take where a scenario does not say.
#[must_use]
pub fn default_limit() -> Span {
    Span(std::time::Duration::from_secs(600))
}
