//! From a tree to a [`Scenario`], key by key, with every error kept.
//!
//! Owns the keys that a scenario may have. Never compares one part of it with another: that is [`super::check`].

mod data;
mod hba;
mod logical;
mod network;
mod pieces;
mod services;
mod step;

use std::collections::HashSet;
use std::path::Path;

use super::check::Doubts;
use super::files;
use super::{
    AuthMethod, Conf, Feature, HostAuth, Nodes, PostgresVersion, ReplicationUser, Scenario,
    SettingValue, SlotChoice, SqlFiles, default_database, default_limit,
};
use crate::action::OneOrMany;
use crate::name::{LabName, NodeName, SettingName};
use crate::text::shortened;
use crate::text::suggest::did_you_mean_or_list;
use crate::yaml::{Node, Problem, Value};

#[cfg(test)]
pub(super) use hba::HBA_KEYS;
#[cfg(test)]
pub(super) use logical::{PUBLICATION_KEYS, SUBSCRIPTION_KEYS, TABLE_KEYS};
pub(super) use network::NETWORK_KEYS;
pub(super) use services::SERVICE_KEYS;

/// The keys at the top of a scenario.
pub(super) const SCENARIO_KEYS: &[&str] = &[
    "name",
    "title",
    "about",
    "postgres",
    "auth",
    "host_auth",
    "tls",
    "archive",
    "replication_user",
    "database",
    "network",
    "nodes",
    "services",
    "data",
    "requires",
    "steps",
    "limit",
    "teardown",
];
/// The keys of one node.
pub(super) const NODE_KEYS: &[&str] = &[
    "postgres",
    "standby_of",
    "restored_from",
    "application_name",
    "slot",
    "conf",
    "data",
    "publications",
    "subscriptions",
    "hba",
    "disk",
    "memory",
    "cpus",
    "pids",
    "port",
    "start",
];
/// The keys of `replication_user`.
pub(super) const USER_KEYS: &[&str] = &["name", "password", "connection_limit"];
/// The keys of one entry of `data`.
pub(super) const DATASET_KEYS: &[&str] = &["name", "rows", "seed", "schema", "files"];

pub(super) struct Reader<'a> {
    folder: Option<&'a Path>,
    allow_outside: bool,
    /// The bytes of SQL files that may still be named.
    sql_left: u64,
    problems: &'a mut Vec<Problem>,
    sql: SqlFiles,
    doubts: Doubts,
    /// How many of the problems are those of steps within the step that is read.
    within: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(folder: Option<&'a Path>, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            folder,
            allow_outside: false,
            sql_left: files::MOST_SQL_BYTES_IN_ALL,
            problems,
            sql: SqlFiles::new(),
            doubts: Doubts::default(),
            within: 0,
        }
    }

    /// Whether SQL files outside the scenario's folder are read.
    pub(super) fn allow_outside(&mut self, allow: bool) {
        self.allow_outside = allow;
    }

    /// The SQL files that were read, and the nodes and steps of which too little was understood to judge them.
    pub(super) fn finish(self) -> (SqlFiles, Doubts) {
        (self.sql, self.doubts)
    }

    /// The scenario, with a stand-in for whatever could not be understood.
    pub(super) fn scenario(&mut self, root: &Node, version: Option<&PostgresVersion>) -> Scenario {
        let top = self.section(root, "keys of a scenario", SCENARIO_KEYS);
        let name = self.required(root, top, "name");
        let name = name.and_then(|node| self.text_as::<LabName>(node));
        let nodes = self.required(root, top, "nodes");
        let nodes = nodes.map(|node| self.nodes(node, version));
        let auth = self.optional(top, "auth", Self::auth);
        let database = self.optional(top, "database", Self::text_as);
        let user = self.optional(top, "replication_user", |reader, node| {
            Some(reader.replication_user(node))
        });
        let postgres = self.optional(top, "postgres", Self::postgres);
        Scenario {
            name: name.unwrap_or_else(unnamed),
            title: self.optional(top, "title", Self::text).unwrap_or_default(),
            about: self.optional(top, "about", Self::text).unwrap_or_default(),
            postgres: version.cloned().or(postgres).unwrap_or_default(),
            auth: auth.unwrap_or_default(),
            host_auth: self
                .optional(top, "host_auth", Self::host_auth)
                .unwrap_or_default(),
            tls: self.optional(top, "tls", Self::boolean).unwrap_or_default(),
            archive: self
                .optional(top, "archive", Self::boolean)
                .unwrap_or_default(),
            replication_user: user.unwrap_or_default(),
            network: self
                .optional(top, "network", |reader, node| Some(reader.network(node)))
                .unwrap_or_default(),
            database: database.unwrap_or_else(default_database),
            nodes: nodes.unwrap_or_default(),
            services: self
                .optional(top, "services", |reader, node| Some(reader.services(node)))
                .unwrap_or_default(),
            data: self.optional(top, "data", Self::data).unwrap_or_default(),
            requires: self
                .optional(top, "requires", Self::value::<OneOrMany<Feature>>)
                .map_or_else(Vec::new, |features| features.0),
            steps: self.steps(top, "steps"),
            limit: self
                .optional(top, "limit", Self::value)
                .unwrap_or_else(default_limit),
            teardown: self.steps(top, "teardown"),
        }
    }

    fn nodes(&mut self, node: &Node, version: Option<&PostgresVersion>) -> Nodes {
        let Value::Map(entries) = &node.value else {
            return self
                .wrong_type(node, "a mapping of nodes by name")
                .unwrap_or_default();
        };
        if entries.is_empty() {
            let help = "write at least `primary: {}`".to_owned();
            self.problems
                .push(node.problem("there are no nodes", Some(help)));
        }
        let mut nodes = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = self.key_as::<NodeName>(entry);
            if name.is_none() {
                self.doubts.nodes.push(format!("nodes.{}", entry.key));
            }
            let read = self.node(&entry.key, &entry.value, version);
            nodes.extend(name.map(|name| (name, read)));
        }
        Nodes(nodes)
    }

    fn node(&mut self, name: &str, node: &Node, version: Option<&PostgresVersion>) -> super::Node {
        let keys = self.section(node, "keys of a node", NODE_KEYS);
        let standby_of = self.optional(keys, "standby_of", Self::text_as);
        let not_understood =
            !matches!(node.value, Value::Map(_)) || keys.iter().any(|e| e.key == "standby_of");
        if standby_of.is_none() && not_understood {
            self.doubts.nodes.push(format!("nodes.{name}"));
        }
        let own_version = self.optional(keys, "postgres", Self::postgres);
        super::Node {
            postgres: own_version.filter(|_| version.is_none()),
            standby_of,
            restored_from: self.optional(keys, "restored_from", Self::text_as),
            application_name: self.optional(keys, "application_name", Self::text_as),
            slot: self.optional(keys, "slot", Self::slot),
            conf: self.optional(keys, "conf", Self::conf).unwrap_or_default(),
            data: self.optional(keys, "data", Self::data),
            publications: self
                .optional(keys, "publications", Self::publications)
                .unwrap_or_default(),
            subscriptions: self
                .optional(keys, "subscriptions", Self::subscriptions)
                .unwrap_or_default(),
            hba: self.optional(keys, "hba", Self::hba).unwrap_or_default(),
            disk: self.optional(keys, "disk", Self::value),
            memory: self.optional(keys, "memory", Self::value),
            cpus: self.optional(keys, "cpus", Self::value),
            pids: self.optional(keys, "pids", Self::value),
            port: self.optional(keys, "port", Self::port),
            start: self
                .optional(keys, "start", Self::value)
                .unwrap_or_default(),
        }
    }

    fn slot(&mut self, node: &Node) -> Option<SlotChoice> {
        if matches!(node.value, Value::Null | Value::Boolean(_)) {
            let message = format!("a slot's name is wanted, not {}", node.described());
            let help = "`slot: none` streams without a slot".to_owned();
            self.problems.push(node.problem(message, Some(help)));
            return None;
        }
        let text = self.text(node)?;
        match SlotChoice::try_from(text) {
            Ok(slot) => Some(slot),
            Err(error) => self.refuse(node, &error),
        }
    }

    fn postgres(&mut self, node: &Node) -> Option<PostgresVersion> {
        let text = match &node.value {
            Value::Integer(text) | Value::Text(text) => text.as_str(),
            Value::Float(_) => {
                let message = format!(
                    "a major version is a whole number, not {}",
                    node.described()
                );
                let help = "a minor version is chosen by its image: `postgres:17.2`".to_owned();
                self.problems.push(node.problem(message, Some(help)));
                return None;
            }
            _ => return self.wrong_type(node, "a version such as `17` or an image"),
        };
        match text.parse() {
            Ok(version) => Some(version),
            Err(error) => self.refuse(node, &error),
        }
    }

    fn auth(&mut self, node: &Node) -> Option<AuthMethod> {
        self.method(node, &[AuthMethod::ScramSha256, AuthMethod::Md5])
    }

    fn host_auth(&mut self, node: &Node) -> Option<HostAuth> {
        self.method(node, &HostAuth::ALL)
    }

    fn method<T: Copy + ToString>(&mut self, node: &Node, methods: &[T]) -> Option<T> {
        let names: Vec<String> = methods.iter().map(ToString::to_string).collect();
        let text = self.text(node)?;
        if let Some(at) = names.iter().position(|name| *name == text) {
            return methods.get(at).copied();
        }
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!("`{}` is no way to authenticate", shortened(&text));
        let help = did_you_mean_or_list(&text, "methods", &known);
        self.problems.push(node.problem(message, Some(help)));
        None
    }

    fn replication_user(&mut self, node: &Node) -> ReplicationUser {
        let keys = self.section(node, "keys of `replication_user`", USER_KEYS);
        let silent = ReplicationUser::default();
        let name = self.optional(keys, "name", Self::text_as);
        let password = self.optional(keys, "password", Self::text_as_quietly);
        ReplicationUser {
            name: name.unwrap_or(silent.name),
            password: password.unwrap_or(silent.password),
            connection_limit: self
                .optional(keys, "connection_limit", |reader, node| {
                    reader.number(node, 1, i32::MAX.unsigned_abs().into())
                })
                .and_then(|limit| limit.try_into().ok()),
        }
    }

    fn conf(&mut self, node: &Node) -> Option<Conf> {
        let Value::Map(entries) = &node.value else {
            return self.wrong_type(node, "a mapping of settings by name");
        };
        let mut conf = Conf::default();
        let mut seen = HashSet::new();
        for entry in entries {
            let name = self.key_as::<SettingName>(entry);
            let value = self.setting_value(&entry.value);
            let (Some(name), Some(value)) = (name, value) else {
                continue;
            };
            if seen.insert(name.as_str().to_ascii_lowercase()) {
                conf.0.push((name, value));
            } else {
                let message = format!("`{name}` is here twice");
                let help = "PostgreSQL does not tell upper from lower case in names".to_owned();
                self.problems.push(entry.problem(message, Some(help)));
            }
        }
        Some(conf)
    }

    fn setting_value(&mut self, node: &Node) -> Option<SettingValue> {
        let text = match &node.value {
            Value::Boolean(value) => if *value { "on" } else { "off" }.to_owned(),
            Value::Integer(text) | Value::Text(text) => text.clone(),
            Value::Float(text) if text.parse().is_ok_and(f64::is_finite) => text.clone(),
            Value::List(_) => {
                let message = "a setting has one value, not a list";
                let help = "write a list as PostgreSQL does, as one text: `a, b`".to_owned();
                self.problems.push(node.problem(message, Some(help)));
                return None;
            }
            Value::Null => {
                let help = "leave the setting out, or write `''` for an empty text".to_owned();
                let problem = node.problem("a setting needs a value", Some(help));
                self.problems.push(problem);
                return None;
            }
            _ => return self.wrong_type(node, "text, a number or a boolean"),
        };
        if text.contains(['\n', '\r']) {
            let message = "a setting's value is one line";
            let help = "`postgresql.conf` has no way to write a line break".to_owned();
            self.problems.push(node.problem(message, Some(help)));
            return None;
        }
        Some(SettingValue(text))
    }
}

/// The stand-in for a name that is missing or bad, which is an error already.
fn unnamed() -> LabName {
    LabName::new("unnamed").expect("a valid literal")
}
