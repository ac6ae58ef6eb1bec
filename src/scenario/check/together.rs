//! The settings of one node that PostgreSQL does not take together, or below a size that another one fixes: it does not start.

use super::capacity::{effective, explicit};
use super::{Finding, Node, Scenario, conf_path};
use crate::name::NodeName;
use crate::scenario::settings::boolean;
use crate::units::{self, SizeUnit};

/// Two segments of WAL in megabytes, of the size that `initdb` gives them (manual: "WAL Configuration").
const LEAST_WAL: u64 = 32;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in &scenario.nodes.0 {
        found.extend(too_little_wal(name, node));
        found.extend(all_reserved(scenario, name, node));
        found.extend(minimal(scenario, name, node));
        found.extend(no_certificate(scenario, name, node));
        found.extend(targets(name, node));
    }
    found
}

fn too_little_wal(name: &NodeName, node: &Node) -> Vec<Finding> {
    let less = ["min_wal_size", "max_wal_size"].into_iter().filter(|size| {
        let given = node.conf.find(size);
        let bytes = given.and_then(|value| units::bytes(&value.0, SizeUnit::Megabytes).ok());
        // The server rounds to whole megabytes.
        bytes.is_some_and(|bytes| (bytes + (1 << 19)) >> 20 < LEAST_WAL)
    });
    let finding = |size| {
        let message =
            format!("`{size}` is less than two segments of WAL, and PostgreSQL does not start");
        let help = "write at least 32MB".to_owned();
        Finding::value(conf_path(name, size), message, help)
    };
    less.map(finding).collect()
}

fn all_reserved(scenario: &Scenario, name: &NodeName, node: &Node) -> Option<Finding> {
    let given = [
        "superuser_reserved_connections",
        "reserved_connections",
        "max_connections",
    ];
    let path = given
        .into_iter()
        .find(|setting| explicit(node, setting).is_some())?;
    let superusers = explicit(node, "superuser_reserved_connections").unwrap_or(3);
    let reserved = superusers + explicit(node, "reserved_connections").unwrap_or(0);
    let most = effective(scenario, name, "max_connections", 100);
    if reserved < most {
        return None;
    }
    let message = format!(
        "`max_connections` is {most}, and {reserved} of them are reserved: PostgreSQL does not start"
    );
    let help = format!(
        "write `max_connections: {}` or more, or reserve fewer",
        reserved + 1
    );
    Some(Finding::value(conf_path(name, path), message, help))
}

fn minimal(scenario: &Scenario, name: &NodeName, node: &Node) -> Option<Finding> {
    let level = node.conf.find("wal_level")?;
    if !level.0.eq_ignore_ascii_case("minimal") {
        return None;
    }
    let says = |setting: &str| node.conf.find(setting).map(|value| boolean(&value.0));
    // `always` is no boolean, and archives too.
    let archives = says("archive_mode").map_or(scenario.archive, |value| value != Some(false));
    let summarizes = says("summarize_wal") == Some(Some(true));
    let other = match (archives, summarizes) {
        (true, _) => "archive_mode",
        (_, true) => "summarize_wal",
        _ => return None,
    };
    let message =
        format!("`wal_level` is `minimal`, and `{other}` is on: PostgreSQL does not start");
    let help = "write `replica`, which is PostgreSQL's default, or `logical`".to_owned();
    Some(Finding::value(conf_path(name, "wal_level"), message, help))
}

fn no_certificate(scenario: &Scenario, name: &NodeName, node: &Node) -> Option<Finding> {
    let on = node.conf.find("ssl").and_then(|value| boolean(&value.0)) == Some(true);
    if scenario.tls || !on || node.conf.find("ssl_cert_file").is_some() {
        return None;
    }
    let message =
        format!("`{name}` has no certificate, and PostgreSQL does not start with `ssl` alone");
    let help = "write `tls: true` at the top of the scenario, which makes one".to_owned();
    Some(Finding::key(conf_path(name, "ssl"), message, help))
}

/// The targets of a recovery, of which there may be one (manual: "Recovery Target").
const TARGETS: [&str; 5] = [
    "recovery_target",
    "recovery_target_lsn",
    "recovery_target_name",
    "recovery_target_time",
    "recovery_target_xid",
];

fn targets(name: &NodeName, node: &Node) -> Option<Finding> {
    let is_given = |target: &&str| {
        node.conf
            .find(target)
            .is_some_and(|value| !value.0.is_empty())
    };
    let mut given = TARGETS.into_iter().filter(is_given);
    let (one, another) = (given.next()?, given.next()?);
    let message =
        format!("`{one}` and `{another}` are both targets, and PostgreSQL does not start");
    let help = "leave one of the two out".to_owned();
    Some(Finding::key(conf_path(name, another), message, help))
}
