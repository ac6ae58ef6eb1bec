//! The lines of a node's `postgresql.conf`: those of the scenario, and those that the topology needs.

use crate::name::NodeName;
use crate::scenario::{Node, Scenario, check};
use crate::server::command;
use crate::server::conf::{Origin, Setting};

use super::{Role, Standby};

/// PostgreSQL's default of `max_wal_senders` and of `max_replication_slots` (manual: "Sending Servers").
pub const DEFAULT_WAL_SENDERS: usize = 10;

/// Settings that a standby must have at least as high as its primary (manual: "Hot Standby", "Administrator's Overview").
pub const AT_LEAST_PRIMARY: [(&str, u64); 5] = [
    ("max_connections", 100),
    ("max_wal_senders", 10),
    ("max_worker_processes", 8),
    ("max_prepared_transactions", 0),
    ("max_locks_per_transaction", 64),
];

/// The settings of a node: those of the scenario first, then the derived ones, each once.
#[must_use]
pub fn of_node(scenario: &Scenario, name: &NodeName, node: &Node, role: &Role) -> Vec<Setting> {
    let mut settings: Vec<Setting> = node
        .conf
        .0
        .iter()
        .map(|(name, value)| Setting {
            name: name.to_string(),
            value: value.to_string(),
            origin: Origin::Scenario,
        })
        .collect();
    let mut derive = |setting: Setting| {
        if !settings
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&setting.name))
        {
            settings.push(setting);
        }
    };
    derive(Setting::derived(
        "listen_addresses",
        "*",
        "peers and the host connect by TCP",
    ));
    derive(Setting::derived(
        "password_encryption",
        scenario.auth.to_string(),
        "follows `auth`",
    ));
    if scenario.tls {
        for setting in encryption() {
            derive(setting);
        }
    }
    if scenario.archive {
        for setting in archiving() {
            derive(setting);
        }
    }
    derive(if check::publishes(scenario, name) {
        Setting::derived("wal_level", "logical", "subscribers need it")
    } else {
        Setting::derived("wal_level", "replica", "streaming needs it")
    });
    if let Role::Standby(standby) = role {
        for setting in at_least_upstream(scenario, name, standby) {
            derive(setting);
        }
    }
    for setting in senders_and_slots(scenario, name) {
        derive(setting);
    }
    for setting in workers(node) {
        derive(setting);
    }
    derive(Setting::derived(
        "wal_log_hints",
        "on",
        "pg_rewind needs it",
    ));
    derive(Setting::derived(
        "hot_standby",
        "on",
        "a standby answers queries",
    ));
    if let Role::Standby(standby) = role {
        for setting in streaming(scenario, node, standby) {
            derive(setting);
        }
    } else if node.restored_from.is_some() {
        sync_at_once(scenario, node).into_iter().for_each(derive);
    }
    settings
}

/// The settings that archive and restore WAL segments (manual: "Continuous Archiving and Point-in-Time Recovery (PITR)").
fn archiving() -> [Setting; 3] {
    [
        ("archive_mode", "on".to_owned()),
        ("archive_command", command::archive_command()),
        ("restore_command", command::restore_command()),
    ]
    .map(|(name, value)| Setting::derived(name, value, "follows `archive`"))
}

/// The settings that encrypt connections (manual: "Connections and Authentication", "SSL").
fn encryption() -> [Setting; 4] {
    [
        ("ssl", "on"),
        ("ssl_ca_file", command::ROOT_CERTIFICATE),
        ("ssl_cert_file", command::CERTIFICATE),
        ("ssl_key_file", command::KEY),
    ]
    .map(|(name, value)| Setting::derived(name, value, "follows `tls`"))
}

/// Room for the direct standbys, if PostgreSQL's default is too small: one sender per standby, and one more for the base
/// backup that a standby takes while it streams its WAL.
fn senders_and_slots(scenario: &Scenario, name: &NodeName) -> Vec<Setting> {
    let clients = check::clients(scenario, name);
    let wanted = check::default_senders(clients);
    if wanted <= DEFAULT_WAL_SENDERS as u64 {
        return Vec::new();
    }
    let subscriptions = scenario.subscriptions_to(name).count();
    let standbys = scenario.nodes.0.iter();
    let standbys = standbys.filter(|(_, node)| node.standby_of.as_ref() == Some(name));
    let why = match (standbys.count(), subscriptions) {
        (standbys, 0) => format!("{standbys} standbys stream from here"),
        (0, subscriptions) => format!("{subscriptions} subscriptions connect here"),
        (standbys, subscriptions) => {
            format!("{standbys} standbys and {subscriptions} subscriptions connect here")
        }
    };
    vec![
        Setting::derived("max_wal_senders", wanted.to_string(), &why),
        Setting::derived("max_replication_slots", wanted.to_string(), &why),
    ]
}

/// The workers of a node's subscriptions, if PostgreSQL's defaults are too few: one to apply each, two to copy its tables
/// (manual: "Logical Replication", "Configuration Settings").
fn workers(node: &Node) -> Vec<Setting> {
    let subscriptions = node.subscriptions.0.len() as u64;
    let workers = subscriptions * 3;
    let why = format!("{subscriptions} subscriptions are applied here");
    // The launcher is a worker too, and parallel queries need some.
    [
        ("max_logical_replication_workers", workers, 4),
        ("max_worker_processes", workers + 4, 8),
    ]
    .into_iter()
    .filter(|(_, wanted, default)| subscriptions > 0 && wanted > default)
    .map(|(name, wanted, _)| Setting::derived(name, wanted.to_string(), &why))
    .collect()
}

/// The settings that a standby needs because one of its upstreams has a higher value than its own.
fn at_least_upstream(scenario: &Scenario, name: &NodeName, standby: &Standby) -> Vec<Setting> {
    let own = senders_and_slots(scenario, name);
    AT_LEAST_PRIMARY
        .iter()
        .filter_map(|(setting, default)| {
            let highest = upstream_values(scenario, &standby.upstream, setting).max()?;
            let own = own.iter().find(|own| own.name == *setting);
            let own = own.and_then(|own| own.value.parse().ok());
            (highest > own.unwrap_or(*default)).then(|| {
                let why = format!("not lower than on `{}`", standby.upstream);
                Setting::derived(setting, highest.to_string(), &why)
            })
        })
        .collect()
}

/// The values of `setting` on a node and its upstreams, written or derived.
fn upstream_values<'a>(
    scenario: &'a Scenario,
    from: &'a NodeName,
    setting: &'a str,
) -> impl Iterator<Item = u64> + 'a {
    let mut at = Some(from);
    let mut steps = 0;
    std::iter::from_fn(move || {
        let name = at?;
        steps += 1;
        let node = scenario
            .nodes
            .find(name)
            .filter(|_| steps <= scenario.nodes.0.len())?;
        at = node.standby_of.as_ref();
        let written = node
            .conf
            .find(setting)
            .and_then(|value| value.0.parse().ok());
        let derived = || {
            senders_and_slots(scenario, name)
                .into_iter()
                .find(|s| s.name == setting)?
                .value
                .parse()
                .ok()
        };
        Some(written.or_else(derived).unwrap_or(0))
    })
}

/// The settings that make a standby stream. They belong here: PostgreSQL never reads the content of `standby.signal`.
fn streaming(scenario: &Scenario, node: &Node, standby: &Standby) -> Vec<Setting> {
    let user = &scenario.replication_user.name;
    let name = standby.application_name.as_str();
    let database = syncs_slots(node).then_some(&scenario.database);
    let upstream = &standby.upstream;
    let conninfo = command::primary_conninfo(upstream, user, name, database, scenario.tls);
    let mut settings = vec![Setting::derived(
        "primary_conninfo",
        conninfo,
        "the upstream",
    )];
    if let Some(slot) = &standby.slot {
        settings.push(Setting::derived(
            "primary_slot_name",
            slot.as_str(),
            "the upstream retains WAL for it",
        ));
    }
    settings.push(Setting::derived(
        "recovery_target_timeline",
        "latest",
        "follows a promotion upstream",
    ));
    settings.extend(sync_at_once(scenario, node));
    settings
}

/// Whether a standby copies its upstream's logical slots.
#[must_use]
pub fn syncs_slots(node: &Node) -> bool {
    let setting = node.conf.find("sync_replication_slots");
    setting.and_then(|value| crate::scenario::boolean(&value.0)) == Some(true)
}

/// Before recovery, a server flushes its whole data directory to disk (manual: `recovery_init_sync_method`): a thousand
/// files one by one, or their file system at once. The latter is many times faster when several servers start together.
fn sync_at_once(scenario: &Scenario, node: &Node) -> Option<Setting> {
    let version = node.postgres.as_ref().unwrap_or(&scenario.postgres);
    version.major().filter(|major| *major >= 14)?;
    let why = "the base backup is synced at once";
    Some(Setting::derived("recovery_init_sync_method", "syncfs", why))
}
