//! The scenario file as types.
//!
//! Owns the shape of the file, key by key, with the descriptions that become the JSON Schema. Never fills
//! in a default that depends on something else in the file: that is the plan's work ([`crate::plan`]).

pub mod catalog;
pub mod check;
mod dataset_ref;
mod disk;
mod distribution;
mod files;
mod host_auth;
mod limits;

pub mod load;
pub mod logical;
mod node;
mod overrides;
mod read;
mod replication_user;
mod rounds;
pub mod schema;
pub(crate) use settings::boolean;
pub mod network;
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
pub use host_auth::HostAuth;
pub use limits::{Cpus, MemorySize, Pids};
use network::NetworkChoice;
pub use node::{ByName, Conf, Node, Nodes, SettingValue, SlotChoice, Start, root};
pub use replication_user::{AuthMethod, ReplicationUser};
use services::Services;
pub use version::{PostgresVersion, VersionError};

/// One scenario file: a topology, its data and its steps.
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
#[schemars(description = "One scenario file: a topology, its data and its steps.")]
pub struct Scenario {
    /// The scenario's name, and the default name of the running lab.
    pub name: LabName,
    /// The subject, in one line.
    #[schemars(default)]
    pub title: String,
    /// The lesson, in a few sentences.
    #[schemars(default)]
    pub about: String,
    /// The PostgreSQL version of all nodes without one of their own: a major version (17) or an image (postgres:17.2).
    #[schemars(default, extend("default" = 17))]
    pub postgres: PostgresVersion,
    /// The authentication of the replication user.
    #[schemars(default)]
    pub auth: AuthMethod,
    /// The authentication of connections from the host.
    #[schemars(default)]
    pub host_auth: HostAuth,
    /// Whether nodes connect to each other only with TLS, with certificates of the lab's own authority.
    #[schemars(default)]
    pub tls: bool,
    /// Whether WAL is archived, so that every node can restore it (`archive_command`, `restore_command`).
    #[schemars(default)]
    pub archive: bool,
    /// The role that standbys connect as.
    #[schemars(default)]
    pub replication_user: ReplicationUser,
    /// The database that datasets go to and that connections open.
    #[schemars(default = "default_database")]
    pub database: DatabaseName,
    /// The lab's network.
    #[schemars(default)]
    pub network: NetworkChoice,
    /// The PostgreSQL servers, by name.
    pub nodes: Nodes,
    /// Services beside the nodes, by name.
    #[schemars(default)]
    pub services: Services,
    /// The datasets loaded before the standbys are made, into every primary that neither subscribes nor has `data` of
    /// its own.
    #[schemars(default)]
    pub data: Vec<DatasetRef>,
    /// Required kernel features: `netem`, `htb`, or a list of them. If one is missing, `lab run` skips the lab and says why.
    #[schemars(default, with = "crate::action::OneOrMany<Feature>")]
    pub requires: Vec<Feature>,
    /// The steps that `lab run` or the reader carries out once the lab is up, one after the other.
    #[schemars(default)]
    pub steps: Vec<Step>,
    /// The time limit of all steps together. The teardown has the same limit for itself.
    #[schemars(default = "default_limit", extend("default" = "10min"))]
    pub limit: Span,
    /// Steps at the end, which run even if other steps failed.
    #[schemars(default)]
    pub teardown: Vec<Step>,
}

/// The default database.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "the literal is a valid name")]
pub fn default_database() -> DatabaseName {
    DatabaseName::new("shopping").expect("a valid literal")
}

/// The default time limit of all steps.
#[must_use]
pub fn default_limit() -> Span {
    Span(std::time::Duration::from_secs(600))
}
