//! The settings of each node by themselves: names that exist, values that are taken, and what `lab` sets itself.

use super::{Finding, Node, Part, Scenario, conf_path};
use crate::name::NodeName;
use crate::scenario::settings::{Known, boolean, find};

/// The settings that `lab` sets itself, with the key to use instead.
const OWN: &[(&str, &str)] = &[
    ("cluster_name", "it is the node's name"),
    ("config_file", "`conf` is what the file holds"),
    ("data_directory", "it is in the node's volume"),
    (
        "external_pid_file",
        "the server is the container's main process",
    ),
    (
        "hba_file",
        "`pg_hba.conf` is written from the topology and the discovered addresses",
    ),
    ("ident_file", "nobody connects through a user name map"),
    (
        "listen_addresses",
        "every node listens inside the lab's network, and on 127.0.0.1 of the host",
    ),
    (
        "password_encryption",
        "say it with the key `auth` of the scenario",
    ),
    (
        "port",
        "every node listens on 5432, and Docker chooses the port on the host",
    ),
    (
        "primary_conninfo",
        "say it with the keys `standby_of` and `application_name` of the node",
    ),
    (
        "primary_slot_name",
        "say it with the key `slot` of the node",
    ),
    (
        "unix_socket_directories",
        "it is where the commands in the container look for it",
    ),
];

/// After so many findings nobody reads another near miss, and finding them takes time.
const MOST_HINTS: usize = 100;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in &scenario.nodes.0 {
        let major = scenario.major_of(node);
        for (setting, value) in &node.conf.0 {
            let setting = setting.as_str();
            let problem = own(setting)
                .or_else(|| by_list(setting, &value.0, major, found.len() < MOST_HINTS))
                .or_else(|| by_role(name, node, setting, &value.0));
            found.extend(problem.map(|(part, message, help)| Finding {
                part,
                ..Finding::key(conf_path(name, setting), message, help)
            }));
        }
    }
    found
}

type Problem = (Part, String, Option<String>);

fn own(setting: &str) -> Option<Problem> {
    let (name, instead) = OWN
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(setting))?;
    let message = format!("`{name}` is set by `lab` itself");
    Some((Part::Key, message, Some((*instead).to_owned())))
}

fn by_list(name: &str, value: &str, major: Option<u32>, with_hint: bool) -> Option<Problem> {
    let (setting, exactly) = match find(name, major, with_hint) {
        Known::Nothing => return None,
        Known::No(help) => {
            let version = major.map_or(String::new(), |major| format!(" {major}"));
            let message = format!("PostgreSQL{version} has no setting `{name}`");
            return Some((Part::Key, message, help));
        }
        Known::Exactly(setting) => (setting, true),
        Known::Roughly(setting) => (setting, false),
    };
    if setting.internal {
        let message = format!("`{name}` is reported by the server and cannot be set");
        return Some((Part::Key, message, None));
    }
    let (message, help) = setting.check(value, exactly).err()?;
    Some((Part::Value, message, help))
}

fn by_role(name: &NodeName, node: &Node, setting: &str, value: &str) -> Option<Problem> {
    let is = |wanted: &str| setting.eq_ignore_ascii_case(wanted);
    let is_standby = node.standby_of.is_some();
    if is("logging_collector") && boolean(value) == Some(true) {
        let message = "the log would leave the container's output, where `lab logs` reads it";
        return Some((Part::Key, message.to_owned(), None));
    }
    if is("recovery_min_apply_delay") && !is_standby {
        let message = format!("`{name}` is a primary and applies nothing, so nothing is delayed");
        let help = "set it at a standby".to_owned();
        return Some((Part::Key, message, Some(help)));
    }
    if is("hot_standby") && is_standby && boolean(value) == Some(false) {
        let message = format!("`{name}` would answer no query, and nothing could be proven of it");
        let help = "leave `hot_standby` on".to_owned();
        return Some((Part::Value, message, Some(help)));
    }
    None
}
