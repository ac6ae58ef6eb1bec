//! Changes to a scenario from the command line: `--set nodes.replica.slot=none` and `--postgres 15`.
//!
//! Owns the paths that may be set. Never checks a value: the reader does, as if it stood in the file.

use std::fmt;
use std::str::FromStr;

use super::read::{DATASET_KEYS, NETWORK_KEYS, NODE_KEYS, SCENARIO_KEYS, SERVICE_KEYS, USER_KEYS};
use super::services::ServiceName;
use super::{HostAuth, PostgresVersion};
use crate::text::suggest::{choice, did_you_mean_or_list};
use crate::yaml::{Entry, Node, Spot, Value};

/// Everything that the command line changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// The values of `--set`, in order: the last one wins.
    pub set: Vec<Setting>,
    /// `--postgres`: the version of every node, whatever the scenario says.
    pub postgres: Option<PostgresVersion>,
    /// `--host-auth`: how the host gets in, whatever the scenario says.
    pub host_auth: Option<HostAuth>,
    /// `--allow-outside`: whether the scenario may name SQL files outside its folder.
    pub allow_outside: bool,
}

/// One `--set PATH=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Keys with dots between them: `nodes.replica.conf.hot_standby_feedback`, `data.shopping.rows`.
    pub path: String,
    /// A value in YAML: `on`, `[shopping, jobs]`.
    pub value: String,
}

/// Why a text is no `PATH=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form `nodes.replica.conf.hot_standby_feedback=on`")]
pub struct SettingError(String);

impl FromStr for Setting {
    type Err = SettingError;

    fn from_str(given: &str) -> Result<Self, SettingError> {
        match given.split_once('=') {
            Some((path, value)) if !path.trim().is_empty() => Ok(Self {
                path: path.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            _ => Err(SettingError(given.to_owned())),
        }
    }
}

/// As it was typed.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--set {}={}", self.path, self.value)
    }
}

/// Why a path cannot be set: a message, and a help where there is one.
pub(super) type Refusal = (String, String);

/// Puts `value` at `path`.
pub(super) fn apply(root: &mut Node, path: &str, value: Node) -> Result<(), Refusal> {
    let (key, rest) = head(path);
    let Some(rest) = rest else {
        known(key, "keys of a scenario", SCENARIO_KEYS)?;
        return put(root, key, value);
    };
    known(key, "keys of a scenario", SCENARIO_KEYS)?;
    match key {
        "nodes" => apply_to_nodes(root, rest, value),
        "data" => apply_to_data(root, rest, value),
        "services" => apply_to_services(root, rest, value),
        "network" => {
            known(rest, "keys of `network`", NETWORK_KEYS)?;
            put(child(root, key, value.spot)?, rest, value)
        }
        "replication_user" => {
            known(rest, "keys of `replication_user`", USER_KEYS)?;
            put(child(root, key, value.spot)?, rest, value)
        }
        _ => Err((
            format!("`{key}` has no keys of its own"),
            format!("write `--set {key}=…`"),
        )),
    }
}

fn apply_to_nodes(root: &mut Node, path: &str, value: Node) -> Result<(), Refusal> {
    let (name, rest) = head(path);
    let nodes = child(root, "nodes", value.spot)?;
    let Value::Map(entries) = &nodes.value else {
        return Ok(());
    };
    if nodes.entry(name).is_none() {
        let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        return Err((
            format!("there is no node `{name}`"),
            did_you_mean_or_list(name, "nodes", &names),
        ));
    }
    let Some(rest) = rest else {
        return put(nodes, name, value);
    };
    let spot = value.spot;
    let node = child(nodes, name, spot)?;
    let (key, setting) = head(rest);
    known(key, "keys of a node", NODE_KEYS)?;
    match (key, setting) {
        (_, None) => put(node, key, value),
        ("conf", Some(setting)) => put(child(node, key, spot)?, setting, value),
        (_, Some(_)) => Err((
            format!("`{key}` has no keys of its own"),
            format!("write `--set nodes.{name}.{key}=…`"),
        )),
    }
}

/// A service may be added: `services.pgadmin={}`, `services.pgadmin.port=5050`.
fn apply_to_services(root: &mut Node, path: &str, value: Node) -> Result<(), Refusal> {
    let (name, key) = head(path);
    known(name, "services", &ServiceName::ALL.map(ServiceName::as_str))?;
    let spot = value.spot;
    let services = child(root, "services", spot)?;
    let Some(key) = key else {
        return put(services, name, value);
    };
    known(key, "keys of a service", SERVICE_KEYS)?;
    put(child(services, name, spot)?, key, value)
}

/// `data` is a list; its entries are told apart by their names, which `check` keeps unique.
fn apply_to_data(root: &mut Node, path: &str, value: Node) -> Result<(), Refusal> {
    let (name, key) = head(path);
    let spot = value.spot;
    let help = "write `--set data.shopping.rows=1000` for a dataset that the scenario has, or `--set data=[shopping]`";
    let Some(key) = key else {
        return Err((format!("`data.{name}` lacks a key"), help.to_owned()));
    };
    known(key, "keys of a dataset", DATASET_KEYS)?;
    let found = match root.entry_mut("data").map(|entry| &mut entry.value.value) {
        Some(Value::List(items)) => items
            .iter_mut()
            .find(|item| dataset_name(item) == Some(name)),
        _ => None,
    };
    let Some(item) = found else {
        return Err((
            format!("the scenario has no dataset `{name}`"),
            help.to_owned(),
        ));
    };
    if matches!(item.value, Value::Text(_)) {
        let named = item.clone();
        item.value = Value::Map(vec![Entry {
            key: "name".to_owned(),
            key_spot: spot,
            value: named,
        }]);
    }
    put(item, key, value)
}

fn dataset_name(item: &Node) -> Option<&str> {
    match &item.value {
        Value::Text(name) => Some(name),
        _ => match &item.entry("name")?.value.value {
            Value::Text(name) => Some(name),
            _ => None,
        },
    }
}

fn head(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((key, rest)) => (key, Some(rest)),
        None => (path, None),
    }
}

fn known(key: &str, what: &str, keys: &[&str]) -> Result<(), Refusal> {
    if keys.contains(&key) {
        return Ok(());
    }
    let help = if key.is_empty() {
        choice(what, keys)
    } else {
        did_you_mean_or_list(key, what, keys)
    };
    Err((format!("`{key}` is none of the {what}"), help))
}

/// The mapping under `key`, made where there is none.
fn child<'a>(parent: &'a mut Node, key: &str, spot: Spot) -> Result<&'a mut Node, Refusal> {
    if parent.entry(key).is_none() {
        let empty = Node {
            spot,
            value: Value::Map(Vec::new()),
        };
        put(parent, key, empty)?;
    }
    match parent.entry_mut(key) {
        Some(entry) => Ok(&mut entry.value),
        None => Err(no_mapping(key)),
    }
}

fn put(parent: &mut Node, key: &str, value: Node) -> Result<(), Refusal> {
    if matches!(parent.value, Value::Null) {
        parent.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut parent.value else {
        return Err(no_mapping(key));
    };
    // Names of settings are the only keys in which case does not count, and no two other keys differ by case alone.
    match entries
        .iter_mut()
        .find(|entry| entry.key.eq_ignore_ascii_case(key))
    {
        Some(entry) => {
            entry.key_spot = value.spot;
            entry.value = value;
        }
        None => entries.push(Entry {
            key: key.to_owned(),
            key_spot: value.spot,
            value,
        }),
    }
    Ok(())
}

fn no_mapping(key: &str) -> Refusal {
    (
        format!("`{key}` cannot be set: what should hold it is not a mapping"),
        "mend the file first".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_value_are_parted_by_the_first_equals_sign() {
        let set: Setting = "nodes.a.conf.search_path=a=b".parse().expect("an override");
        assert_eq!(set.path, "nodes.a.conf.search_path");
        assert_eq!(set.value, "a=b");
        assert_eq!(set.to_string(), "--set nodes.a.conf.search_path=a=b");
        assert!("auth".parse::<Setting>().is_err());
        assert!("=x".parse::<Setting>().is_err());
    }
}
