//! A lab's nodes as they are written, and their settings.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::disk::DiskSize;
use super::limits::{Cpus, MemorySize, Pids};
use super::logical::{Publication, Subscription};
use super::{DatasetRef, PostgresVersion};
use crate::hba::HbaLine;
use crate::name::{ApplicationName, NameError, NodeName, ObjectName, SettingName, SlotName};

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

/// One PostgreSQL server: a standby if it has `standby_of`, else a primary.
#[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct Node {
    /// This node's own PostgreSQL version or image.
    pub postgres: Option<PostgresVersion>,
    /// The node that this one streams from: another node's name. It may itself be a standby (a cascade).
    pub standby_of: Option<NodeName>,
    /// The node whose base backup this one starts from. It is an independent primary with the rows of the other.
    pub restored_from: Option<NodeName>,
    /// The standby's `application_name`. Default: the node's name.
    pub application_name: Option<ApplicationName>,
    /// The physical replication slot on the upstream: its name, or `none`. Default: a slot with the name of the node.
    pub slot: Option<SlotChoice>,
    /// The datasets of this node alone, in place of the scenario's. A subscriber without has the tables of its
    /// upstreams' datasets, and no rows; one that has its own has none of theirs.
    pub data: Option<Vec<DatasetRef>>,
    /// Its publications, by name.
    #[schemars(default)]
    pub publications: ByName<Publication>,
    /// Its subscriptions, by name.
    #[schemars(default)]
    pub subscriptions: ByName<Subscription>,
    /// Lines of its `pg_hba.conf` in their order, between the host's and those of replication. The first that
    /// matches a connection decides.
    #[schemars(default)]
    pub hba: Vec<HbaLine>,
    /// The size of its data disk, which `fill` can fill: `512MB`. The disk is memory, taken as it is used. Without, it is
    /// a part of this host's.
    pub disk: Option<DiskSize>,
    /// The memory of its container: `512MB`. The kernel kills a process when the node needs more. Default: no limit.
    pub memory: Option<MemorySize>,
    /// The processors that its container has, also in part: `1.5`. Default: all.
    pub cpus: Option<Cpus>,
    /// The most processes of its container at once. A server has one for each connection. Default: 8192, or more where
    /// `max_connections` asks for it.
    pub pids: Option<Pids>,
    /// Its port on 127.0.0.1, also after a restart. Default: Docker chooses a free one at each start.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
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
    type Error = NameError;
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

/// When a node starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With the lab.
    #[default]
    Now,
    /// When a step or a person starts it.
    Later,
}
