//! One node, resolved: its role, its slots, its `pg_hba.conf`.

use std::time::Duration;

use crate::name::{ApplicationName, NodeName, SlotName};
use crate::scenario::services::ServiceName;
use crate::scenario::{Node, Scenario, SlotChoice, SqlFiles, Start, root};
use crate::server::conf::Setting;
use crate::server::hba;
use crate::units;

use super::{PlannedNode, Role, Standby, limits, logical, settings, sync};

pub(super) fn planned_node(
    scenario: &Scenario,
    sql: &SqlFiles,
    name: &NodeName,
    node: &Node,
) -> PlannedNode {
    let standbys: Vec<_> = scenario
        .nodes
        .0
        .iter()
        .filter(|(_, other)| other.standby_of.as_ref() == Some(name))
        .collect();
    let role = node.standby_of.as_ref().map_or(Role::Primary, |upstream| {
        Role::Standby(Standby {
            upstream: upstream.clone(),
            application_name: application_name(name, node),
            slot: slot(name, node),
            apply_delay: apply_delay(node),
            hot: is_hot(node),
            sync_states: sync::expected_states(scenario, upstream, &application_name(name, node)),
        })
    });
    let settings = settings::of_node(scenario, name, node, &role);
    PlannedNode {
        name: name.clone(),
        postgres: node
            .postgres
            .clone()
            .unwrap_or_else(|| scenario.postgres.clone()),
        role,
        restored_from: node.restored_from.clone(),
        hba: hba::rules(
            &node.hba,
            &scenario.replication_user.name,
            (scenario.auth, scenario.host_auth),
            &hba::Hosts {
                services: scenario.services.names().map(ServiceName::host).collect(),
                peers: peers(scenario, name),
                subscribers: [
                    logical::subscribers(scenario, name),
                    slot_syncers(scenario, name),
                ]
                .concat(),
            },
            &scenario.database,
            scenario.tls,
        ),
        data: logical::data(scenario, sql, name, node),
        publications: logical::publications(node),
        subscriptions: logical::subscriptions(scenario, node),
        // A standby that starts later creates its slot then. Until then nobody would consume the WAL that it retains.
        slots: standbys
            .iter()
            .filter(|(_, node)| node.start == Start::Now)
            .filter_map(|(name, node)| slot(name, node))
            .collect(),
        disk: node.disk.map(|disk| disk.0),
        limits: limits::of_node(node, &settings),
        port: node.port,
        later: node.start == Start::Later,
        backups_at_once: backups_at_once(scenario, name, &settings, standbys.len()),
        settings,
    }
}

/// Number of base backups at once that leaves room for everybody else. Each holds two connections, of which a standby
/// keeps one.
fn backups_at_once(
    scenario: &Scenario,
    name: &NodeName,
    settings: &[Setting],
    standbys: usize,
) -> usize {
    let mut settings = settings.iter();
    let senders = settings.find(|setting| setting.name == "max_wal_senders");
    let senders = senders.and_then(|setting| setting.value.parse().ok());
    let senders = senders.unwrap_or(settings::DEFAULT_WAL_SENDERS);
    let limit = scenario.replication_user.connection_limit;
    let connections = limit.map_or(usize::MAX, |limit| limit as usize);
    let taken = standbys + scenario.subscriptions_to(name).count();
    let spare = senders.min(connections).saturating_sub(taken);
    let restores = scenario.restored_from(name).next().is_some();
    (if restores { spare / 2 } else { spare }).clamp(1, 4)
}

/// The nodes that may stream from a node, now or after a switchover: the others below the same primary. Nodes that begin
/// with a base backup of it belong to them too.
fn peers(scenario: &Scenario, node: &NodeName) -> Vec<NodeName> {
    let primary = root(&scenario.nodes, node);
    let names = scenario.nodes.0.iter().map(|(name, _)| name);
    let family = names.filter(|other| *other != node && root(&scenario.nodes, other) == primary);
    let restored = scenario.restored_from(node).map(|(name, _)| name);
    family.chain(restored).cloned().collect()
}

/// The standbys of a node that copy its logical slots. For that they connect to the database as a subscriber does.
fn slot_syncers(scenario: &Scenario, name: &NodeName) -> Vec<NodeName> {
    let nodes = scenario.nodes.0.iter();
    nodes
        .filter(|(_, node)| node.standby_of.as_ref() == Some(name) && settings::syncs_slots(node))
        .map(|(name, _)| name.clone())
        .collect()
}

fn application_name(name: &NodeName, node: &Node) -> ApplicationName {
    node.application_name.clone().unwrap_or_else(|| {
        ApplicationName::new(name.as_str())
            .unwrap_or_else(|_| unreachable!("every node name is an application name"))
    })
}

fn slot(name: &NodeName, node: &Node) -> Option<SlotName> {
    node.standby_of.as_ref()?;
    match &node.slot {
        Some(SlotChoice::None) => None,
        Some(SlotChoice::Named(slot)) => Some(slot.clone()),
        None => SlotName::new(name.as_str()).ok(),
    }
}

fn apply_delay(node: &Node) -> Duration {
    let delay = node.conf.find("recovery_min_apply_delay");
    delay
        .and_then(|value| units::duration(&value.0, units::TimeUnit::Milliseconds).ok())
        .unwrap_or_default()
}

/// Whether a standby answers queries. PostgreSQL accepts any unambiguous prefix of a boolean word (manual: "Parameter
/// Names and Values").
fn is_hot(node: &Node) -> bool {
    node.conf.find("hot_standby").is_none_or(|value| {
        let value = value.0.to_ascii_lowercase();
        !(value == "0"
            || value == "of"
            || value == "off"
            || "false".starts_with(&value)
            || "no".starts_with(&value))
    })
}
