//! What a person may write: the scenario file as types.
//!
//! Owns the shape of the file, key by key, with the descriptions that become the JSON Schema. Never fills
//! in a default that depends on something else in the file: that is the plan's work ([`crate::plan`]).

pub mod catalog;
pub mod check;
pub mod diagnostic;
mod disk;
mod distribution;
mod feature;
pub mod hba;
pub mod load;
pub mod logical;
mod overrides;
mod read;
mod rounds;
pub mod schema;
mod start;
pub(crate) use settings::boolean;
pub mod services;
mod settings;
pub(crate) mod suggest;
pub mod sync_names;
mod tree;
pub mod units;
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Span, Step};
use crate::name::{
    ApplicationName, DatabaseName, DatasetName, LabName, NodeName, ObjectName, Secret, SettingName,
    SlotName, UserName,
};
pub use disk::DiskSize;
pub use feature::Feature;
use hba::HbaLine;
use logical::{Publication, Subscription};
use services::Services;
pub use start::Start;

/// One scenario file: a topology, its data and what it teaches.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
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

/// The nodes in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Nodes(pub Vec<(NodeName, Node)>);

impl Nodes {
    /// The node of that name.
    #[must_use]
    pub fn find(&self, name: &NodeName) -> Option<&Node> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, node)| node)
    }
}

/// The node without an upstream that `node` hangs on in the end.
#[must_use]
pub fn root<'a>(nodes: &'a Nodes, node: &'a NodeName) -> &'a NodeName {
    let mut at = node;
    for _ in 0..nodes.0.len() {
        match nodes.find(at).and_then(|node| node.standby_of.as_ref()) {
            Some(upstream) => at = upstream,
            None => break,
        }
    }
    at
}

impl JsonSchema for Nodes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Nodes".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<NodeName>();
        let node = generator.subschema_for::<Node>();
        schemars::json_schema!({
            "type": "object", "minProperties": 1, "propertyNames": name, "additionalProperties": node
        })
    }
}

/// One PostgreSQL server. What it is follows from its keys: with `standby_of` a standby, without a primary.
#[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct Node {
    /// This node's own PostgreSQL version or image.
    pub postgres: Option<PostgresVersion>,
    /// The node that this one streams from: another node's name. It may itself be a standby (a cascade).
    pub standby_of: Option<NodeName>,
    /// The node whose base backup this one begins with, to go its own way from there: a primary with the other's rows.
    pub restored_from: Option<NodeName>,
    /// What the standby calls itself to its upstream. The node's name where silent.
    pub application_name: Option<ApplicationName>,
    /// The physical replication slot on the upstream: its name, or `none`. Named after the node where silent.
    pub slot: Option<SlotChoice>,
    /// The datasets of this node alone, in place of the scenario's. A subscriber without has the tables of its
    /// upstreams' datasets, and no rows.
    pub data: Option<Vec<DatasetRef>>,
    /// What it publishes, by name.
    #[schemars(default)]
    pub publications: ByName<Publication>,
    /// What it subscribes to, by name.
    #[schemars(default)]
    pub subscriptions: ByName<Subscription>,
    /// Lines of its `pg_hba.conf` in their order, between the host's and those of replication. The first that
    /// matches a connection decides.
    #[schemars(default)]
    pub hba: Vec<HbaLine>,
    /// The size of its data disk, which `fill` can fill: `512MB`. The disk is memory, taken as it is used. Without, it is
    /// a part of this host's.
    pub disk: Option<DiskSize>,
    /// When a standby begins: with the lab, or `later`, by a step or a verb (`start`, `clone`, `reclone`, `restore`) or
    /// `docker start`. Until then its container is there, and nothing runs in it; its base backup is taken when it
    /// starts.
    #[schemars(default)]
    pub start: Start,
    /// Settings of `postgresql.conf`, as PostgreSQL writes them.
    #[schemars(default)]
    pub conf: Conf,
}

/// Objects by name, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByName<T>(pub Vec<(ObjectName, T)>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: JsonSchema> JsonSchema for ByName<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}s", T::schema_name()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<ObjectName>();
        let object = generator.subschema_for::<T>();
        schemars::json_schema!({
            "type": "object", "propertyNames": name, "additionalProperties": object
        })
    }
}

/// Settings in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conf(pub Vec<(SettingName, SettingValue)>);

impl Conf {
    /// The value of a setting; names are compared without case, as PostgreSQL does.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&SettingValue> {
        self.0
            .iter()
            .find(|(other, _)| other.as_str().eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

impl JsonSchema for Conf {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Conf".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<SettingName>();
        schemars::json_schema!({
            "type": "object", "propertyNames": name,
            "additionalProperties": { "type": ["string", "integer", "number", "boolean"] }
        })
    }
}

/// A setting's value as it goes into `postgresql.conf`, without its quotes. YAML's `true` is `on`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingValue(pub String);

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A major version of PostgreSQL, or an image that has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostgresVersion {
    /// A major version: the image is found, pulled or built (design: images).
    Major(u32),
    /// An image reference, used as it stands: `postgres:17.2`.
    Image(String),
}

impl PostgresVersion {
    /// The oldest and newest major versions that `lab` knows how to run.
    pub const MAJORS: std::ops::RangeInclusive<u32> = 13..=18;

    /// The major version, where it can be told without looking into the image: from a tag such as `17.2-alpine`.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        let reference = match self {
            Self::Major(major) => return Some(*major),
            Self::Image(reference) => reference,
        };
        let (_, tag) = reference.split('@').next()?.rsplit_once(':')?;
        // What follows a registry's port is a path.
        let number = tag
            .split(['.', '-'])
            .next()
            .filter(|_| !tag.contains('/'))?;
        let major = number.parse().ok()?;
        Self::MAJORS.contains(&major).then_some(major)
    }
}

impl Default for PostgresVersion {
    fn default() -> Self {
        Self::Major(17)
    }
}

impl fmt::Display for PostgresVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Major(major) => write!(f, "{major}"),
            Self::Image(reference) => f.write_str(reference),
        }
    }
}

/// Why a word is neither a major version nor an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a major version of PostgreSQL (13 to 18) nor an image (`postgres:17.2`)")]
pub struct VersionError(String);

impl std::str::FromStr for PostgresVersion {
    type Err = VersionError;
    fn from_str(given: &str) -> Result<Self, VersionError> {
        if let Ok(major) = given.parse::<u32>() {
            return if Self::MAJORS.contains(&major) {
                Ok(Self::Major(major))
            } else {
                Err(VersionError(given.to_owned()))
            };
        }
        let image = given.starts_with(|c: char| c.is_ascii_alphanumeric())
            && given.len() <= 255
            && given.chars().any(|c| c.is_ascii_alphabetic())
            && given
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c));
        if image {
            Ok(Self::Image(given.to_owned()))
        } else {
            Err(VersionError(given.to_owned()))
        }
    }
}

impl JsonSchema for PostgresVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PostgresVersion".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A major version of PostgreSQL (17) or an image (postgres:17.2).",
            "anyOf": [
                { "type": "integer", "minimum": 13, "maximum": 18 },
                { "type": "string", "minLength": 1, "maxLength": 255 }
            ]
        })
    }
}

/// The password authentication of the replication user (manual, 20.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum AuthMethod {
    /// `md5`: what older tutorials use; deprecated since PostgreSQL 18.
    #[serde(rename = "md5")]
    Md5,
    /// `scram-sha-256`: PostgreSQL's default since 14.
    #[default]
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
        })
    }
}

/// The role that standbys connect as, made with `REPLICATION LOGIN`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicationUser {
    /// The role's name.
    #[serde(default = "default_user")]
    pub name: UserName,
    /// The role's password. It reaches the standbys in a `.pgpass` file.
    #[serde(default = "default_password")]
    #[schemars(extend("default" = "replica123"))]
    pub password: Secret,
    /// `CONNECTION LIMIT`. Unlimited where silent.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub connection_limit: Option<u32>,
}

impl Default for ReplicationUser {
    fn default() -> Self {
        Self {
            name: default_user(),
            password: default_password(),
            connection_limit: None,
        }
    }
}

/// The slot that a standby streams through.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SlotChoice {
    /// No slot: the upstream keeps `wal_keep_size` and no more.
    None,
    /// The slot of that name.
    Named(SlotName),
}

impl TryFrom<String> for SlotChoice {
    type Error = crate::name::NameError;
    fn try_from(given: String) -> Result<Self, Self::Error> {
        if given == "none" {
            Ok(Self::None)
        } else {
            SlotName::new(given).map(Self::Named)
        }
    }
}

impl JsonSchema for SlotChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SlotChoice".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A replication slot's name, or `none`.",
            "type": "string", "pattern": "^[a-z0-9_]{1,63}$"
        })
    }
}

/// A dataset to load: a name alone, or a name with its size, or SQL files of one's own.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetRef {
    /// `shopping`, `jobs`, or any name with `files`.
    pub name: DatasetName,
    /// How many rows the dataset's largest table gets. A dataset has its own default.
    pub rows: Option<u64>,
    /// The same seed gives the same rows.
    pub seed: Option<u32>,
    /// SQL files that make its tables, relative to the scenario file, run before `files`. A subscriber gets these alone.
    pub schema: Vec<PathBuf>,
    /// SQL files, relative to the scenario file, run in order. They may read `current_setting('lab.rows')` and
    /// `current_setting('lab.seed')`.
    pub files: Vec<PathBuf>,
}

impl JsonSchema for DatasetRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dataset".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<DatasetName>();
        schemars::json_schema!({
            "description": "A dataset: `shopping`, `jobs`, or one's own with `files`.",
            "anyOf": [
                name.clone(),
                {
                    "type": "object", "additionalProperties": false, "required": ["name"],
                    "properties": {
                        "name": name,
                        "rows": { "type": "integer", "minimum": 1, "maximum": 100_000_000,
                            "description": "How many rows the largest table gets." },
                        "seed": { "type": "integer", "minimum": 0, "maximum": u32::MAX,
                            "description": "The same seed gives the same rows." },
                        "schema": { "type": "array", "items": { "type": "string" },
                            "description": "SQL files that make the tables, run before `files`. A subscriber gets these alone." },
                        "files": { "type": "array", "items": { "type": "string" },
                            "description": "SQL files, relative to the scenario file, run in order." }
                    }
                }
            ]
        })
    }
}

/// SQL of a dataset, by file name, read when the scenario was loaded.
pub type SqlFiles = BTreeMap<String, String>;

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

fn default_user() -> UserName {
    UserName::new("replication_user").expect("a valid literal")
}

fn default_password() -> Secret {
    Secret::new("replica123").expect("a valid literal")
}
