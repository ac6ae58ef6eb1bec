//! Publications and subscriptions: who publishes what to whom, in which versions, and whether it could ever arrive.

use super::{Finding, Node, Part, Scenario, conf_path};
use crate::name::{NodeName, ObjectName};
use crate::scenario::logical::{ChangeOrigin, Publication, Streaming, Subscription, Tables};
use crate::scenario::root;
use crate::scenario::settings::count;
use crate::text::suggest::did_you_mean_or_list;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in &scenario.nodes.0 {
        found.extend(on_a_standby(name, node));
        for (publication, written) in &node.publications.0 {
            found.extend(published(scenario, name, node, publication, written));
        }
        found.extend(workers(name, node));
        found.extend(without_tables(scenario, name, node));
        found.extend(wal_level(scenario, name, node));
    }
    for (name, node) in &scenario.nodes.0 {
        found.extend(restored(scenario, name, node));
    }
    for (node, name, subscription) in scenario.subscriptions() {
        found.extend(edge(scenario, node, name, subscription));
        found.extend(versions(scenario, node, name, subscription));
        found.extend(same_slot(scenario, node, name, subscription));
    }
    found.extend(circles(scenario));
    found
}

fn path(node: &NodeName, name: &ObjectName, key: &str) -> String {
    format!("nodes.{node}.subscriptions.{name}.{key}")
}

/// A standby has what its primary has, and takes no statement that would make more of it.
fn on_a_standby(name: &NodeName, node: &Node) -> Vec<Finding> {
    let Some(upstream) = &node.standby_of else {
        return Vec::new();
    };
    let keys = [
        ("publications", !node.publications.0.is_empty()),
        ("subscriptions", !node.subscriptions.0.is_empty()),
        ("data", node.data.is_some()),
    ];
    keys.into_iter()
        .filter(|(_, is_there)| *is_there)
        .map(|(key, _)| {
            let message = format!("`{name}` is a standby: it has the {key} of its primary");
            let help = format!("write `{key}` at the primary that `{upstream}` leads to");
            Finding::key(format!("nodes.{name}.{key}"), message, help)
        })
        .collect()
}

fn published(
    scenario: &Scenario,
    node: &NodeName,
    written: &Node,
    name: &ObjectName,
    publication: &Publication,
) -> Vec<Finding> {
    let path = format!("nodes.{node}.publications.{name}");
    let mut found = Vec::new();
    let nothing = matches!(&publication.tables, Tables::These(tables) if tables.is_empty());
    if nothing && publication.schemas.is_empty() {
        let message = format!("`{name}` publishes no table");
        let help = "write `tables: [products]`, `tables: all` or `schemas: [public]`".to_owned();
        found.push(Finding::key(path.clone(), message, help));
    }
    if publication.tables == Tables::All && !publication.schemas.is_empty() {
        let message = "all tables are published already".to_owned();
        let help = "leave `schemas` out, or list the tables".to_owned();
        found.push(Finding::key(format!("{path}.schemas"), message, help));
    }
    if publication.publish.as_ref().is_some_and(Vec::is_empty) {
        let message = format!("`{name}` publishes no kind of change");
        let help = "leave `publish` out for all kinds".to_owned();
        found.push(Finding::value(format!("{path}.publish"), message, help));
    }
    let old = scenario.major_of(written).filter(|major| *major < 15);
    let since_15 = [
        ("schemas", !publication.schemas.is_empty()),
        ("tables", has_parts(publication)),
    ];
    for (key, is_there) in since_15 {
        if let Some(major) = old.filter(|_| is_there) {
            let message = format!(
                "`{node}` runs PostgreSQL {major}: schemas, columns and filters are published from 15 on"
            );
            found.push(Finding::key(format!("{path}.{key}"), message, None));
        }
    }
    found
}

/// Whether a publication has some of the rows or columns of a table.
fn has_parts(publication: &Publication) -> bool {
    let Tables::These(tables) = &publication.tables else {
        return false;
    };
    tables
        .iter()
        .any(|table| table.filter.is_some() || !table.columns.is_empty())
}

fn edge(
    scenario: &Scenario,
    node: &NodeName,
    name: &ObjectName,
    subscription: &Subscription,
) -> Vec<Finding> {
    let upstream = &subscription.upstream;
    let at = path(node, name, "upstream");
    if upstream == node {
        let message = format!("`{node}` subscribes to itself");
        let help = "`upstream` names another node".to_owned();
        return vec![Finding::value(at, message, help)];
    }
    let Some(found) = scenario.nodes.find(upstream) else {
        let others = scenario.nodes.0.iter().map(|(other, _)| other.as_str());
        let others: Vec<&str> = others.filter(|other| *other != node.as_str()).collect();
        let message = format!("`{name}` connects to `{upstream}`, which is no node");
        let help = did_you_mean_or_list(upstream.as_str(), "other nodes", &others);
        return vec![Finding::value(at, message, help)];
    };
    let mut wrong = Vec::new();
    if let Some(major) = scenario.major_of(found).filter(|major| *major < 16)
        && found.standby_of.is_some()
    {
        let message = format!(
            "`{upstream}` is a standby and runs PostgreSQL {major}: standbys publish from 16 on"
        );
        let help = format!("subscribe to `{}`", root(&scenario.nodes, upstream));
        wrong.push(Finding::value(at, message, help));
    }
    wrong.extend(publications(scenario, node, name, subscription));
    wrong
}

fn publications(
    scenario: &Scenario,
    node: &NodeName,
    name: &ObjectName,
    subscription: &Subscription,
) -> Vec<Finding> {
    let at = path(node, name, "publications");
    let publisher = root(&scenario.nodes, &subscription.upstream);
    let known = scenario.publications_of(&subscription.upstream);
    let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
    if subscription.publications.is_empty() {
        let message = format!("`{name}` subscribes to no publication");
        let help = did_you_mean_or_list("", &format!("publications of `{publisher}`"), &names);
        return vec![Finding::value(at, message, help)];
    }
    let wanted = subscription.publications.iter().enumerate();
    wanted
        .filter(|(_, wanted)| !names.contains(&wanted.as_str()))
        .map(|(index, wanted)| {
            let message = format!("`{publisher}` has no publication `{wanted}`");
            let what = format!("publications of `{publisher}`");
            let help = did_you_mean_or_list(wanted.as_str(), &what, &names);
            Finding::value(format!("{at}[{index}]"), message, help).sure_of_every_node()
        })
        .collect()
}

/// Options that the subscriber's PostgreSQL does not know yet.
fn versions(
    scenario: &Scenario,
    node: &NodeName,
    name: &ObjectName,
    subscription: &Subscription,
) -> Vec<Finding> {
    let Some(major) = scenario.nodes.find(node).and_then(|n| scenario.major_of(n)) else {
        return Vec::new();
    };
    let parallel = subscription.streaming == Some(Streaming::Parallel);
    let options = [
        ("origin", subscription.origin.is_some(), 16),
        ("streaming", subscription.streaming.is_some(), 14),
        ("streaming", parallel && major >= 14, 16),
        ("two_phase", subscription.two_phase.is_some(), 15),
        (
            "disable_on_error",
            subscription.disable_on_error.is_some(),
            15,
        ),
        ("binary", subscription.binary.is_some(), 14),
        ("failover", subscription.failover.is_some(), 17),
    ];
    let mut found: Vec<Finding> = options
        .into_iter()
        .filter(|(_, is_there, since)| *is_there && major < *since)
        .map(|(key, _, since)| {
            let message =
                format!("`{node}` runs PostgreSQL {major}, which does not know this `{key}`");
            let help = format!("leave it out, or run PostgreSQL {since} or later");
            Finding::key(path(node, name, key), message, help)
        })
        .collect();
    let upstream = scenario.nodes.find(&subscription.upstream);
    let theirs = upstream.and_then(|upstream| scenario.major_of(upstream));
    if subscription.failover == Some(true)
        && major >= 17
        && let Some(theirs) = theirs.filter(|theirs| *theirs < 17)
    {
        let message = format!(
            "`{}` runs PostgreSQL {theirs}, and its slots can be copied to standbys from 17 on",
            subscription.upstream
        );
        found.push(Finding::key(path(node, name, "failover"), message, None));
    }
    found
}

impl Subscription {
    fn slot_name<'a>(&'a self, name: &'a ObjectName) -> &'a str {
        self.slot
            .as_ref()
            .map_or(name.as_str(), |slot| slot.as_str())
    }
}

/// One slot serves one subscription or one standby.
fn same_slot(
    scenario: &Scenario,
    node: &NodeName,
    name: &ObjectName,
    subscription: &Subscription,
) -> Option<Finding> {
    let own = subscription.slot_name(name);
    let before = scenario
        .subscriptions_to(&subscription.upstream)
        .take_while(|(other, other_name, _)| (*other, *other_name) != (node, name))
        .find(|(_, other_name, other)| other.slot_name(other_name) == own)
        .map(|(other, other_name, _)| format!("the subscription `{other_name}` of `{other}`"));
    let standby = || {
        let mut standbys = scenario.standbys_of(&subscription.upstream);
        let twin = standbys.find(|(other, standby)| standby.slot_name(other) == Some(own));
        twin.map(|(other, _)| format!("the standby `{other}`"))
    };
    let twin = before.or_else(standby)?;
    let message = format!("`{name}` and {twin} both replicate through the slot `{own}`");
    let help = "one slot serves one of them at a time: write `slot:` with another name".to_owned();
    let mut finding = Finding::value(path(node, name, "slot"), message, help);
    if subscription.slot.is_none() {
        finding.part = Part::Key;
    }
    Some(finding)
}

/// A node with fewer workers than subscriptions replicates some of them and not the others, without a word.
fn workers(name: &NodeName, node: &Node) -> Vec<Finding> {
    let subscriptions = node.subscriptions.0.len() as u64;
    if subscriptions == 0 {
        return Vec::new();
    }
    // One is the launcher.
    let needs = [
        ("max_logical_replication_workers", subscriptions),
        ("max_worker_processes", subscriptions + 1),
        ("max_replication_slots", subscriptions),
    ];
    needs
        .into_iter()
        .filter_map(|(setting, needed)| {
            let given = count(&node.conf.find(setting)?.0).filter(|given| *given < needed)?;
            let message =
                format!("`{setting}` is {given}, and the subscriptions of `{name}` need {needed}");
            let help = format!("write at least {needed}, or leave it out");
            Some(Finding::value(conf_path(name, setting), message, help))
        })
        .collect()
}

/// A node that begins with another's base backup.
fn restored(scenario: &Scenario, name: &NodeName, node: &Node) -> Vec<Finding> {
    let Some(source) = &node.restored_from else {
        return Vec::new();
    };
    let path = format!("nodes.{name}.restored_from");
    let refuse = |message: String, help: String| vec![Finding::value(path.clone(), message, help)];
    if node.standby_of.is_some() {
        let help =
            "a standby begins with a base backup anyway: leave one of the two out".to_owned();
        return refuse(format!("`{name}` is a standby"), help);
    }
    let Some(found) = scenario.nodes.find(source).filter(|_| source != name) else {
        let others = scenario.nodes.0.iter().map(|(other, _)| other.as_str());
        let others: Vec<&str> = others.filter(|other| *other != name.as_str()).collect();
        let message = format!("`{name}` is restored from `{source}`, which is no other node");
        return refuse(
            message,
            did_you_mean_or_list(source.as_str(), "other nodes", &others),
        );
    };
    if found.standby_of.is_some() || found.restored_from.is_some() {
        let help = "name the primary that they come from".to_owned();
        return refuse(format!("`{source}` is a copy itself"), help);
    }
    if !found.subscriptions.0.is_empty() {
        let message = format!("`{source}` has subscriptions, which its base backup would have too");
        let help = format!(
            "both would read from the same slots: leave `restored_from` out and let `{name}` subscribe"
        );
        return refuse(message, help);
    }
    if let (Some(own), Some(other)) = (scenario.major_of(node), scenario.major_of(found))
        && own != other
    {
        let message = format!("`{name}` runs PostgreSQL {own}, and `{source}` runs {other}");
        return refuse(message, "a base backup is of one major version".to_owned());
    }
    let mut wrong = Vec::new();
    if node.data.as_ref().is_some_and(|data| !data.is_empty()) {
        let message = format!("`{name}` has the data of `{source}` already");
        let help = "leave `data` out".to_owned();
        wrong.push(Finding::key(format!("nodes.{name}.data"), message, help));
    }
    for (subscription, written) in &node.subscriptions.0 {
        if written.copy_data && root(&scenario.nodes, &written.upstream) == source {
            let message = format!(
                "`{name}` has the rows of `{source}` already, and would copy them once more"
            );
            let help = "write `copy_data: false`".to_owned();
            let at = format!("nodes.{name}.subscriptions.{subscription}");
            wrong.push(Finding::key(at, message, help));
        }
    }
    wrong
}

/// A subscriber needs the tables before the subscription, and of SQL files nobody knows which make them.
fn without_tables(scenario: &Scenario, name: &NodeName, node: &Node) -> Vec<Finding> {
    if node.restored_from.is_some() {
        return Vec::new();
    }
    let own = scenario.rows_of(node);
    let received = scenario.received_by(name).into_iter();
    received
        .filter(|data| !data.files.is_empty() && data.schema.is_empty())
        .filter(|data| !own.iter().any(|known| known.name == data.name))
        .map(|data| {
            let message = format!(
                "`{name}` needs the tables of the dataset `{}` before it subscribes, and no file of it is said to make them",
                data.name
            );
            let help = "name the files that make the tables under `schema:`, the others under `files:`".to_owned();
            Finding::key(format!("nodes.{name}.subscriptions"), message, help)
        })
        .collect()
}

/// The log has what subscribers need only where its level is `logical`.
fn wal_level(scenario: &Scenario, name: &NodeName, node: &Node) -> Option<Finding> {
    let level = node.conf.find("wal_level")?;
    if level.0.eq_ignore_ascii_case("logical") || !publishes(scenario, name) {
        return None;
    }
    let message = format!("`wal_level` is `{}`, and `{name}` publishes", level.0);
    let help = "logical replication needs `logical`: write that, or leave it out".to_owned();
    Some(Finding::value(conf_path(name, "wal_level"), message, help))
}

/// Whether somebody subscribes to a node, or to one that has its log from the same primary.
#[must_use]
pub fn publishes(scenario: &Scenario, name: &NodeName) -> bool {
    let primary = root(&scenario.nodes, name);
    let has = |node: &Node| !node.publications.0.is_empty();
    scenario.nodes.find(primary).is_some_and(has)
}

/// Two nodes that subscribe to each other send every change round for ever, unless each asks for what has no origin.
fn circles(scenario: &Scenario) -> Vec<Finding> {
    let goes_on = |subscription: &Subscription| subscription.origin != Some(ChangeOrigin::None);
    scenario
        .subscriptions()
        .filter(|(.., subscription)| goes_on(subscription))
        .filter(|(node, _, subscription)| {
            let publisher = root(&scenario.nodes, &subscription.upstream);
            let mut back = scenario.subscriptions_to(node);
            back.any(|(other, ..)| other == publisher)
        })
        .map(|(node, name, subscription)| {
            let other = &subscription.upstream;
            let message = format!(
                "`{node}` and `{other}` subscribe to each other, and `{name}` takes back its own changes"
            );
            let help = "write `origin: none` at both subscriptions (PostgreSQL 16 or later)".to_owned();
            Finding::key(format!("nodes.{node}.subscriptions.{name}"), message, help)
        })
        .collect()
}
