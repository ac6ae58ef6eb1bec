//! `synchronous_standby_names`: whether the standbys that it lists are there to answer.

use super::{Finding, Node, Scenario, conf_path};
use crate::name::NodeName;
use crate::scenario::Start;
use crate::scenario::sync_names::{SyncName, SyncNamesError, SyncStandbyNames};
use crate::text::suggest::{choice, did_you_mean_or_list};

const SETTING: &str = "synchronous_standby_names";

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let nodes = scenario.nodes.0.iter();
    nodes
        .flat_map(|(name, node)| of_node(scenario, name, node))
        .collect()
}

fn of_node(scenario: &Scenario, name: &NodeName, node: &Node) -> Vec<Finding> {
    let Some(value) = node.conf.find(SETTING).filter(|value| !value.0.is_empty()) else {
        return Vec::new();
    };
    let path = conf_path(name, SETTING);
    if node.standby_of.is_some() {
        let message =
            format!("`{name}` is a standby, and nobody waits for the standbys of a standby");
        let help = "synchronous replication is from a primary to its own standbys".to_owned();
        return vec![Finding::key(path, message, help)];
    }
    match value.0.parse::<SyncStandbyNames>() {
        Ok(list) => listed(scenario, name, &path, &list),
        Err(error) => {
            let help = match &error {
                SyncNamesError::Stray('-') => "put a name that has a `-` in double quotes",
                _ => "the forms are `a, b`, `*`, `FIRST 1 (a, b)` and `ANY 1 (a, b)`",
            };
            let message = format!("`{}` lists no standbys: {error}", value.0);
            vec![Finding::value(path, message, help.to_owned())]
        }
    }
}

fn listed(
    scenario: &Scenario,
    name: &NodeName,
    path: &str,
    list: &SyncStandbyNames,
) -> Vec<Finding> {
    let standbys: Vec<&str> = scenario
        .standbys_of(name)
        .map(|(standby, node)| node.shown_name(standby))
        .collect();
    let mut found: Vec<Finding> = list
        .names
        .iter()
        .filter_map(|listed| match listed {
            SyncName::Name(listed_name) if !standbys.iter().any(|it| listed.matches(it)) => {
                Some(listed_name)
            }
            _ => None,
        })
        .map(|listed| {
            let message = format!("no standby of `{name}` calls itself `{listed}`");
            let help = if standbys.is_empty() {
                choice(&format!("standbys of `{name}`"), &[])
            } else {
                did_you_mean_or_list(listed, "standbys' application names", &standbys)
            };
            Finding::value(path.to_owned(), message, help).sure_of_every_node()
        })
        .collect();
    // Where a listed name is wrong, the count says nothing more.
    if found.is_empty() {
        found.extend(too_few(scenario, name, path, list));
    }
    found
}

/// Commits that would wait for ever, or until a node that starts later does.
fn too_few(
    scenario: &Scenario,
    name: &NodeName,
    path: &str,
    list: &SyncStandbyNames,
) -> Option<Finding> {
    let listed = |later: bool| {
        let standbys = scenario.standbys_of(name);
        let of = standbys.filter(|(_, node)| later || node.start == Start::Now);
        of.filter(|(standby, node)| list.lists(node.shown_name(standby)))
            .count()
    };
    let (all, from_the_start) = (listed(true), listed(false));
    let count = list.count;
    if from_the_start >= count as usize {
        return None;
    }
    let (message, help) = if all >= count as usize {
        (
            format!(
                "every commit on `{name}` would wait for a standby that starts later: {count} must answer, and \
                 {from_the_start} start with the lab"
            ),
            format!("leave it out, and `set: {{ {SETTING}: … }}` in a step once they stream"),
        )
    } else {
        (
            format!(
                "every commit on `{name}` would wait for ever: {count} standbys must answer, and {all} can"
            ),
            "lower the number, or list more standbys".to_owned(),
        )
    };
    Some(Finding::value(path.to_owned(), message, help).sure_of_every_node())
}
