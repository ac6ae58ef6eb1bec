//! The edges: who streams from whom, by which names, in which versions.

use super::{Finding, Node, Scenario};
use crate::name::NodeName;
use crate::text::suggest::did_you_mean_or_list;

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut found = user_and_database(scenario);
    for (name, node) in &scenario.nodes.0 {
        match &node.standby_of {
            Some(upstream) => found.extend(edge(scenario, name, node, upstream)),
            None => found.extend(primary(name, node)),
        }
        found.extend(twins(scenario, name));
        found.extend(reserved(name));
    }
    let loops = loops(scenario);
    let has_primary = scenario.nodes.0.iter().any(|(_, n)| n.standby_of.is_none());
    // A loop needs no second complaint: mending it makes a primary.
    let in_circles = scenario
        .nodes
        .0
        .iter()
        .any(|(n, node)| node.standby_of.as_ref() == Some(n));
    if !has_primary && !scenario.nodes.0.is_empty() && loops.is_empty() && !in_circles {
        let message = "there is no primary: every node has `standby_of`".to_owned();
        let help = "a node without `standby_of` is a primary".to_owned();
        found.push(Finding::key("nodes".to_owned(), message, help).sure_of_every_node());
    }
    found.extend(loops);
    found
}

fn user_and_database(scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    if scenario.replication_user.name.as_str() == "postgres" {
        let message = "`postgres` is the superuser that `lab` itself connects as".to_owned();
        let help = "name a role of its own: `replication_user`".to_owned();
        found.push(Finding::value(
            "replication_user.name".to_owned(),
            message,
            help,
        ));
    }
    if ["template0", "template1"].contains(&scenario.database.as_str()) {
        let message = format!(
            "`{}` is what new databases are copied from",
            scenario.database
        );
        let help = "name a database of its own: `shopping`".to_owned();
        found.push(Finding::value("database".to_owned(), message, help));
    }
    found
}

fn edge(scenario: &Scenario, name: &NodeName, node: &Node, upstream: &NodeName) -> Option<Finding> {
    let path = format!("nodes.{name}.standby_of");
    if upstream == name {
        let message = format!("`{name}` streams from itself");
        let help = "`standby_of` names another node; a primary has none".to_owned();
        return Some(Finding::value(path, message, help));
    }
    let Some(found) = scenario.nodes.find(upstream) else {
        let others: Vec<&str> = scenario
            .nodes
            .0
            .iter()
            .map(|(other, _)| other.as_str())
            .filter(|other| *other != name.as_str())
            .collect();
        let message = format!("`{name}` streams from `{upstream}`, which is no node");
        let help = did_you_mean_or_list(upstream.as_str(), "other nodes", &others);
        return Some(Finding::value(path, message, help));
    };
    let (own, other) = (scenario.major_of(node)?, scenario.major_of(found)?);
    if own == other {
        return None;
    }
    let message =
        format!("`{name}` runs PostgreSQL {own} and streams from `{upstream}`, which runs {other}");
    let help = "physical replication needs one major version on both ends".to_owned();
    let path = match node.postgres {
        Some(_) => format!("nodes.{name}.postgres"),
        None => path,
    };
    Some(Finding::value(path, message, help))
}

fn primary(name: &NodeName, node: &Node) -> Vec<Finding> {
    let keys = [
        ("application_name", node.application_name.is_some()),
        ("slot", node.slot.is_some()),
    ];
    keys.into_iter()
        .filter(|(_, is_there)| *is_there)
        .map(|(key, _)| {
            let message = format!("`{key}` is a standby's key, and `{name}` has no `standby_of`");
            let help = format!("write `{key}` at the standby that streams from `{name}`");
            Finding::key(format!("nodes.{name}.{key}"), message, help)
        })
        .collect()
}

/// Names that mean something else where a node's name may stand.
fn reserved(name: &NodeName) -> Option<Finding> {
    let means = match name.as_str() {
        "all" => "every node, as in `heal: all`",
        "gateway" => "this host, in a line of `hba`",
        _ => return None,
    };
    let message = format!("a node cannot be called `{name}`, which means {means}");
    let help = "give it another name".to_owned();
    Some(Finding::key(format!("nodes.{name}"), message, help))
}

/// Two standbys of one upstream that it could not tell apart.
fn twins(scenario: &Scenario, upstream: &NodeName) -> Vec<Finding> {
    let standbys: Vec<_> = scenario.standbys_of(upstream).collect();
    let mut found = Vec::new();
    for (index, (name, node)) in standbys.iter().enumerate() {
        let earlier = || standbys.iter().take(index);
        let shown = node.shown_name(name);
        if let Some((twin, _)) =
            earlier().find(|(other, node)| node.shown_name(other).eq_ignore_ascii_case(shown))
        {
            let message = format!("`{twin}` and `{name}` both call themselves `{shown}`");
            let help = format!("`{upstream}` tells its standbys apart by `application_name`");
            let path = format!("nodes.{name}.application_name");
            found.push(Finding::value(path, message, help));
        }
        let Some(slot) = node.slot_name(name) else {
            continue;
        };
        if let Some((twin, _)) = earlier().find(|(other, node)| node.slot_name(other) == Some(slot))
        {
            let message = format!("`{twin}` and `{name}` both stream through the slot `{slot}`");
            let help = "one slot serves one standby at a time".to_owned();
            found.push(Finding::value(format!("nodes.{name}.slot"), message, help));
        }
    }
    found
}

/// Each loop once, at the node of it that the file has first.
fn loops(scenario: &Scenario) -> Vec<Finding> {
    let mut told: Vec<&NodeName> = Vec::new();
    let mut found = Vec::new();
    for (start, _) in &scenario.nodes.0 {
        let mut way = vec![start];
        let mut at = start;
        while let Some(next) = upstream(scenario, at) {
            if next == start || way.contains(&next) {
                break;
            }
            way.push(next);
            at = next;
        }
        let closes = upstream(scenario, at) == Some(start) && way.len() > 1;
        if !closes || told.contains(&start) {
            continue;
        }
        told.extend(&way);
        let names: Vec<String> = way
            .iter()
            .chain([&start])
            .map(|n| format!("`{n}`"))
            .collect();
        let message = format!("the upstreams go in a loop: {}", names.join(" → "));
        let help =
            "one of them must be a primary, or stream from a node outside the loop".to_owned();
        found.push(Finding::value(
            format!("nodes.{start}.standby_of"),
            message,
            help,
        ));
    }
    found
}

fn upstream<'a>(scenario: &'a Scenario, name: &NodeName) -> Option<&'a NodeName> {
    scenario.nodes.find(name)?.standby_of.as_ref()
}
