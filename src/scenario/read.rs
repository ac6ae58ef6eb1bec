//! From a tree to a [`Scenario`], key by key, with every error kept.
//!
//! Owns the keys that a scenario may have. Never compares one part of it with another: that is [`super::check`].

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::catalog::DATASETS;
use super::suggest::{choice, did_you_mean_or_list};
use super::tree::{Entry, Node, Problem, Value, shortened};
use super::{
    AuthMethod, Conf, DatasetRef, Nodes, PostgresVersion, ReplicationUser, Scenario, SettingValue,
    SlotChoice, SqlFiles, default_database,
};
use crate::name::{DatasetName, LabName, NodeName, SettingName};

/// The keys at the top of a scenario.
pub(super) const SCENARIO_KEYS: &[&str] = &[
    "name",
    "title",
    "about",
    "postgres",
    "auth",
    "replication_user",
    "database",
    "nodes",
    "data",
];
/// The keys of one node.
pub(super) const NODE_KEYS: &[&str] =
    &["postgres", "standby_of", "application_name", "slot", "conf"];
/// The keys of `replication_user`.
pub(super) const USER_KEYS: &[&str] = &["name", "password", "connection_limit"];
/// The keys of one entry of `data`.
pub(super) const DATASET_KEYS: &[&str] = &["name", "rows", "seed", "files"];

/// How many rows a dataset may be asked for.
const MOST_ROWS: u64 = 100_000_000;
/// The largest SQL file that is read.
const MOST_SQL_BYTES: u64 = 64 << 20;

pub(super) struct Reader<'a> {
    folder: Option<&'a Path>,
    problems: &'a mut Vec<Problem>,
    sql: SqlFiles,
    doubtful: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(folder: Option<&'a Path>, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            folder,
            problems,
            sql: SqlFiles::new(),
            doubtful: Vec::new(),
        }
    }

    /// The SQL files that were read, and the paths of nodes of which too little was understood to judge them.
    pub(super) fn finish(self) -> (SqlFiles, Vec<String>) {
        (self.sql, self.doubtful)
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
            replication_user: user.unwrap_or_default(),
            database: database.unwrap_or_else(default_database),
            nodes: nodes.unwrap_or_default(),
            data: self.optional(top, "data", Self::data).unwrap_or_default(),
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
                self.doubtful.push(format!("nodes.{}", entry.key));
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
            self.doubtful.push(format!("nodes.{name}"));
        }
        let own_version = self.optional(keys, "postgres", Self::postgres);
        super::Node {
            postgres: own_version.filter(|_| version.is_none()),
            standby_of,
            application_name: self.optional(keys, "application_name", Self::text_as),
            slot: self.optional(keys, "slot", Self::slot),
            conf: self.optional(keys, "conf", Self::conf).unwrap_or_default(),
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
        let methods = [AuthMethod::ScramSha256, AuthMethod::Md5];
        let names = methods.map(|method| method.to_string());
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
            if !seen.insert(name.as_str().to_ascii_lowercase()) {
                self.problems.push(Problem {
                    spot: entry.key_spot,
                    text: Some(entry.key.clone()),
                    message: format!("`{name}` is here twice"),
                    help: Some(
                        "PostgreSQL does not tell upper from lower case in names".to_owned(),
                    ),
                });
            } else {
                conf.0.push((name, value));
            }
        }
        Some(conf)
    }

    fn setting_value(&mut self, node: &Node) -> Option<SettingValue> {
        let text = match &node.value {
            Value::Boolean(value) => if *value { "on" } else { "off" }.to_owned(),
            Value::Integer(text) | Value::Text(text) => text.clone(),
            Value::Float(value) if value.is_finite() => value.to_string(),
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

    fn data(&mut self, node: &Node) -> Option<Vec<DatasetRef>> {
        let Value::List(items) = &node.value else {
            let wanted = "a list of datasets, such as `[shopping, jobs]`,";
            return self.wrong_type(node, wanted);
        };
        let mut data = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        for item in items {
            let Some(dataset) = self.dataset(item) else {
                continue;
            };
            if !seen.insert(dataset.name.clone()) {
                let message = format!("the dataset `{}` is here twice", dataset.name);
                self.problems.push(item.problem(message, None));
            }
            data.push(dataset);
        }
        Some(data)
    }

    fn dataset(&mut self, node: &Node) -> Option<DatasetRef> {
        let (keys, name) = if let Value::Map(_) = &node.value {
            let keys = self.section(node, "keys of a dataset", DATASET_KEYS);
            (keys, self.required(node, keys, "name")?)
        } else {
            (&[][..], node)
        };
        let files = self.optional(keys, "files", Self::files);
        let rows = self.optional(keys, "rows", |reader, node| {
            reader.number(node, 1, MOST_ROWS)
        });
        let seed = self.optional(keys, "seed", |reader, node| {
            reader.number(node, 0, u32::MAX.into())
        });
        let dataset = DatasetRef {
            name: self.text_as::<DatasetName>(name)?,
            rows,
            seed: seed.and_then(|seed| seed.try_into().ok()),
            files: files.unwrap_or_default(),
        };
        let built_in = DATASETS.contains(&dataset.name.as_str());
        let has_files = keys.iter().any(|entry| entry.key == "files");
        if !built_in && !has_files {
            let message = format!("there is no dataset `{}`", dataset.name);
            let known = did_you_mean_or_list(dataset.name.as_str(), "datasets", DATASETS);
            let help = format!("{known}; one's own has `files: [my.sql]`");
            self.problems.push(name.problem(message, Some(help)));
        } else if built_in && has_files {
            let message = format!("`{}` is a dataset that `lab` brings along", dataset.name);
            let help = "give a dataset of one's own another name".to_owned();
            self.problems.push(name.problem(message, Some(help)));
        }
        Some(dataset)
    }

    fn files(&mut self, node: &Node) -> Option<Vec<PathBuf>> {
        let Value::List(items) = &node.value else {
            return self.wrong_type(node, "a list of SQL files");
        };
        if items.is_empty() {
            self.problems
                .push(node.problem("the list of files is empty", None));
        }
        let files = items.iter().filter_map(|item| self.file(item));
        Some(files.collect())
    }

    fn file(&mut self, node: &Node) -> Option<PathBuf> {
        let name = self.text(node)?;
        let Some(folder) = self.folder else {
            let message = format!(
                "`{}` cannot be found: the scenario has no folder",
                shortened(&name)
            );
            let help = "keep the scenario in a file beside its SQL files".to_owned();
            self.problems.push(node.problem(message, Some(help)));
            return None;
        };
        let path = folder.join(&name);
        match read_sql(&path) {
            Ok(sql) => {
                self.sql.insert(name.clone(), sql);
                Some(PathBuf::from(name))
            }
            Err(error) => {
                let message = format!("reading `{}`: {error}", path.display());
                let help = "files are looked for beside the scenario file".to_owned();
                self.problems.push(node.problem(message, Some(help)));
                None
            }
        }
    }
}

/// The pieces that every section is read with.
impl Reader<'_> {
    /// A mapping's entries. Keys that are not `known` are errors.
    fn section<'t>(&mut self, node: &'t Node, what: &str, known: &[&str]) -> &'t [Entry] {
        let Value::Map(entries) = &node.value else {
            let message = format!("a mapping is wanted, not {}", node.described());
            let help = if node.value == Value::Null {
                "write `{}` for one without keys".to_owned()
            } else {
                choice(what, known)
            };
            self.problems.push(node.problem(message, Some(help)));
            return &[];
        };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                self.problems.push(Problem {
                    spot: entry.key_spot,
                    text: Some(entry.key.clone()),
                    message: format!("`{}` is none of the {what}", shortened(&entry.key)),
                    help: Some(did_you_mean_or_list(&entry.key, what, known)),
                });
            }
        }
        entries
    }

    fn required<'t>(&mut self, node: &Node, keys: &'t [Entry], key: &str) -> Option<&'t Node> {
        let found = keys.iter().find(|entry| entry.key == key);
        if found.is_none() && matches!(node.value, Value::Map(_)) {
            let message = format!("the key `{key}` is missing");
            self.problems.push(node.problem(message, None));
        }
        found.map(|entry| &entry.value)
    }

    fn optional<T>(
        &mut self,
        keys: &[Entry],
        key: &str,
        read: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Option<T> {
        let entry = keys.iter().find(|entry| entry.key == key)?;
        read(self, &entry.value)
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {
                let message = format!("text is wanted, not {}", node.described());
                let help = "put it in quotes".to_owned();
                self.problems.push(node.problem(message, Some(help)));
                None
            }
            _ => self.wrong_type(node, "text"),
        }
    }

    fn text_as<T: FromStr<Err: Display>>(&mut self, node: &Node) -> Option<T> {
        match self.text(node)?.parse() {
            Ok(value) => Some(value),
            Err(error) => self.refuse(node, &error),
        }
    }

    /// As [`Self::text_as`], without quoting what is a secret.
    fn text_as_quietly<T: TryFrom<String, Error: Display>>(&mut self, node: &Node) -> Option<T> {
        let Value::Text(text) = &node.value else {
            let help = "put it in quotes".to_owned();
            self.problems
                .push(node.problem("a password is text", Some(help)));
            return None;
        };
        match T::try_from(text.clone()) {
            Ok(value) => Some(value),
            Err(error) => self.refuse(node, &error),
        }
    }

    fn key_as<T: FromStr<Err: Display>>(&mut self, entry: &Entry) -> Option<T> {
        match entry.key.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.problems.push(Problem {
                    spot: entry.key_spot,
                    text: Some(entry.key.clone()),
                    message: shortened_message(&error),
                    help: None,
                });
                None
            }
        }
    }

    fn number(&mut self, node: &Node, least: u64, most: u64) -> Option<u64> {
        let wanted = format!("a whole number from {least} to {most}");
        let Value::Integer(text) = &node.value else {
            return self.wrong_type(node, &wanted);
        };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => self.wrong_type(node, &wanted),
        }
    }

    fn wrong_type<T>(&mut self, node: &Node, wanted: &str) -> Option<T> {
        let message = format!("{wanted} is wanted, not {}", node.described());
        self.problems.push(node.problem(message, None));
        None
    }

    fn refuse<T>(&mut self, node: &Node, error: &dyn Display) -> Option<T> {
        self.problems
            .push(node.problem(shortened_message(error), None));
        None
    }
}

/// A message that may quote a text of any length.
fn shortened_message(error: &dyn Display) -> String {
    const MOST: usize = 300;
    let message = error.to_string().replace(['\n', '\r', '\t'], " ");
    match message.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &message[..at]),
        None => message,
    }
}

fn read_sql(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path)
        .map_err(|error| error.to_string())?
        .len();
    if size > MOST_SQL_BYTES {
        return Err("it is larger than 64 megabytes".to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// The stand-in for a name that is missing or bad, which is an error already.
fn unnamed() -> LabName {
    LabName::new("unnamed").expect("a valid literal")
}
