//! The settings that count something: enough for the standbys, and not lower on a standby than on its upstream.

use super::{Finding, Node, Scenario, conf_path};
use crate::name::NodeName;
use crate::scenario::settings::count;

/// A standby refuses to start when one of these is lower than on its upstream (manual: "Hot Standby"); with PostgreSQL's
/// defaults.
const NOT_LOWER: [(&str, u64); 5] = [
    ("max_connections", 100),
    ("max_wal_senders", 10),
    ("max_worker_processes", 8),
    ("max_prepared_transactions", 0),
    ("max_locks_per_transaction", 64),
];

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in &scenario.nodes.0 {
        found.extend(wal_level(scenario, name, node));
        found.extend(senders(scenario, name, node));
        found.extend(slots(scenario, name, node));
        found.extend(not_lower(scenario, name, node));
    }
    found.extend(connection_limit(scenario));
    found
}

pub(super) fn explicit(node: &Node, setting: &str) -> Option<u64> {
    count(&node.conf.find(setting)?.0)
}

/// PostgreSQL's default of `max_sync_workers_per_subscription`.
const SYNC_WORKERS: u64 = 2;

/// How many replicate from a node: its direct standbys, and its subscriptions with those that copy tables for them.
#[must_use]
pub fn clients(scenario: &Scenario, name: &NodeName) -> u64 {
    let standbys = scenario.standbys_of(name).count() as u64;
    let subscriptions = scenario.subscriptions_to(name).count() as u64;
    standbys + subscriptions * (1 + SYNC_WORKERS)
}

/// The connections to a node that those need who replicate from it.
#[derive(Clone, Copy)]
struct Need<'a> {
    standbys: u64,
    subscriptions: u64,
    /// For a base backup, besides those of the standbys.
    backup: u64,
    /// Whose base backup it is, where that is no standby.
    restored: Option<&'a NodeName>,
}

impl Need<'_> {
    fn count(&self) -> u64 {
        self.standbys + self.subscriptions + self.backup
    }

    fn why(&self) -> String {
        let Self {
            standbys,
            subscriptions,
            backup,
            ..
        } = self;
        let backup_of = match self.restored {
            Some(node) => format!("{backup} for the base backup of `{node}`"),
            None => format!("{backup} more while a base backup runs"),
        };
        let parts = [
            (standbys, format!("{standbys} for standbys")),
            (subscriptions, format!("{subscriptions} for subscriptions")),
            (backup, backup_of),
        ];
        let parts = parts.into_iter().filter(|(count, _)| **count > 0);
        let parts: Vec<String> = parts.map(|(_, part)| part).collect();
        parts.join(", ")
    }
}

/// The most connections that are needed at once: one each, and two for a base backup, which streams the write-ahead log
/// through a connection of its own. Of those a standby keeps one. A node that goes its own way from there has its two
/// besides those of all others, and subscribes afterwards.
fn senders_needed<'a>(scenario: &'a Scenario, name: &'a NodeName) -> Need<'a> {
    let standbys = scenario.standbys_of(name).count() as u64;
    let subscriptions_of = |node: Option<&NodeName>| {
        let all = scenario.subscriptions_to(name);
        all.filter(|(other, ..)| node.is_none_or(|node| node == *other))
            .count() as u64
    };
    let subscriptions = subscriptions_of(None);
    let last_standby = Need {
        standbys,
        subscriptions,
        backup: standbys.min(1),
        restored: None,
    };
    let restoring = scenario.restored_from(name).map(|(node, _)| Need {
        subscriptions: subscriptions - subscriptions_of(Some(node)),
        backup: 2,
        restored: Some(node),
        ..last_standby
    });
    restoring.fold(last_standby, |most, need| {
        if need.count() > most.count() {
            need
        } else {
            most
        }
    })
}

fn wal_level(scenario: &Scenario, name: &NodeName, node: &Node) -> Option<Finding> {
    let level = node.conf.find("wal_level")?;
    if !level.0.eq_ignore_ascii_case("minimal") {
        return None;
    }
    let path = conf_path(name, "wal_level");
    let mut followers = scenario
        .standbys_of(name)
        .chain(scenario.restored_from(name));
    if node.standby_of.is_some() || followers.next().is_some() {
        let message = format!("`wal_level` is `minimal`, and `{name}` replicates");
        let help = "write `replica`, which is PostgreSQL's default, or `logical`".to_owned();
        return Some(Finding::value(path, message, help));
    }
    if explicit(node, "max_wal_senders") == Some(0) {
        return None;
    }
    let message = "`wal_level` is `minimal`, and `max_wal_senders` is above zero".to_owned();
    let help = "PostgreSQL starts with `minimal` only when `max_wal_senders: 0` stands beside it"
        .to_owned();
    Some(Finding::value(path, message, help))
}

fn senders(scenario: &Scenario, name: &NodeName, node: &Node) -> Option<Finding> {
    let need = senders_needed(scenario, name);
    let (count, why) = (need.count(), need.why());
    let given = explicit(node, "max_wal_senders").filter(|given| *given < count)?;
    let message = format!("`max_wal_senders` is {given}, and `{name}` needs {count}: {why}");
    let help = format!("write at least {count}, or leave it out");
    Some(Finding::value(
        conf_path(name, "max_wal_senders"),
        message,
        help,
    ))
}

fn slots(scenario: &Scenario, name: &NodeName, node: &Node) -> Option<Finding> {
    let standbys = scenario.standbys_of(name);
    let needed = standbys
        .filter(|(name, standby)| standby.slot_name(name).is_some())
        .count() as u64
        + scenario.subscriptions_to(name).count() as u64;
    // A base backup that has no slot of its standby's goes through a temporary one.
    let without = scenario
        .standbys_of(name)
        .find(|(name, standby)| standby.slot_name(name).is_none());
    let backup = without.or_else(|| scenario.restored_from(name).next());
    let needed = needed + u64::from(backup.is_some());
    let given = explicit(node, "max_replication_slots").filter(|given| *given < needed)?;
    let message = match backup {
        None => format!(
            "`max_replication_slots` is {given}, and the standbys of `{name}` stream through {needed}"
        ),
        Some((backup, _)) => format!(
            "`max_replication_slots` is {given}, and `{name}` needs {needed}, of which one for the base backup of `{backup}`"
        ),
    };
    let help = format!("write at least {needed}, or leave it out");
    let path = conf_path(name, "max_replication_slots");
    Some(Finding::value(path, message, help))
}

fn not_lower(scenario: &Scenario, name: &NodeName, node: &Node) -> Vec<Finding> {
    let Some(upstream) = &node.standby_of else {
        return Vec::new();
    };
    let lower = |(setting, default): (&'static str, u64)| {
        let own = explicit(node, setting)?;
        let wanted = effective(scenario, upstream, setting, default);
        if own >= wanted {
            return None;
        }
        let message =
            format!("`{setting}` is {own} on `{name}` and {wanted} on its upstream `{upstream}`");
        let help = format!(
            "a standby does not start with less than its upstream: write at least {wanted}, or leave it out"
        );
        Some(Finding::value(conf_path(name, setting), message, help))
    };
    NOT_LOWER.into_iter().filter_map(lower).collect()
}

/// The `max_wal_senders` of a node that says none and has so many [`clients`]: PostgreSQL's default, or room for
/// them, for a base backup's two connections and for two more by hand.
#[must_use]
pub fn default_senders(clients: u64) -> u64 {
    (clients + 4).max(10)
}

/// The value that a node will have: its own, or else enough for PostgreSQL's default, its standbys and its upstream.
pub(super) fn effective(scenario: &Scenario, name: &NodeName, setting: &str, default: u64) -> u64 {
    let mut value = default;
    let mut at = name;
    // Upstreams may go in a loop, which is reported elsewhere.
    for _ in &scenario.nodes.0 {
        let Some(node) = scenario.nodes.find(at) else {
            break;
        };
        if let Some(own) = explicit(node, setting) {
            // A node that says less than it needs is reported for itself.
            return if at == name { own } else { value.max(own) };
        }
        if setting == "max_wal_senders" {
            value = value.max(default_senders(clients(scenario, at)));
        }
        match &node.standby_of {
            Some(upstream) => at = upstream,
            None => break,
        }
    }
    value
}

fn connection_limit(scenario: &Scenario) -> Option<Finding> {
    let limit = u64::from(scenario.replication_user.connection_limit?);
    let names = scenario.nodes.0.iter().map(|(name, _)| name);
    let needs = names.map(|name| (name, senders_needed(scenario, name)));
    let (busiest, need) = needs.max_by_key(|(_, need)| need.count())?;
    let (count, why) = (need.count(), need.why());
    if limit >= count {
        return None;
    }
    let message = format!("the limit is {limit}, and `{busiest}` needs {count} connections: {why}");
    let help = format!("write at least {count}, or leave it out");
    let path = "replication_user.connection_limit".to_owned();
    Some(Finding::value(path, message, help).sure_of_every_node())
}
