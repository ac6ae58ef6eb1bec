//! The logical replication of a plan: publications, subscriptions, and the datasets of each node.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::dataset;
use crate::name::{NodeName, ObjectName, SlotName};
use crate::scenario::{DatasetRef, Node, Scenario, SqlFiles, root};
use crate::server::logical;
use crate::sql::SqlFile;
use crate::sql::tables::logged;

use super::PlannedDataset;

/// A publication to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPublication {
    /// Its name.
    pub name: ObjectName,
    /// The statement that creates it.
    pub create: String,
}

/// A subscription to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSubscription {
    /// Its name, which is also its worker's `application_name`.
    pub name: ObjectName,
    /// The node that it connects to.
    pub upstream: NodeName,
    /// The publications.
    pub publications: Vec<ObjectName>,
    /// The slot on the upstream.
    pub slot: SlotName,
    /// Whether CREATE SUBSCRIPTION creates the slot. Otherwise the slot is created before.
    pub create_slot: bool,
    /// Whether existing rows are copied.
    pub copy_data: bool,
    /// The statement that creates it, without the password.
    pub create: String,
}

/// The publications of a node.
pub(super) fn publications(node: &Node) -> Vec<PlannedPublication> {
    let publications = node.publications.0.iter();
    publications
        .map(|(name, publication)| PlannedPublication {
            name: name.clone(),
            create: logical::create_publication(name, publication),
        })
        .collect()
}

/// The subscriptions of a node.
pub(super) fn subscriptions(scenario: &Scenario, node: &Node) -> Vec<PlannedSubscription> {
    let subscriptions = node.subscriptions.0.iter();
    subscriptions
        .map(|(name, subscription)| PlannedSubscription {
            name: name.clone(),
            upstream: subscription.upstream.clone(),
            publications: subscription.publications.clone(),
            slot: subscription.slot.clone().unwrap_or_else(|| {
                SlotName::new(name.as_str())
                    .unwrap_or_else(|_| unreachable!("a name in SQL is a slot's name"))
            }),
            create_slot: subscription.create_slot,
            copy_data: subscription.copy_data,
            create: logical::create_subscription(
                name,
                subscription,
                &scenario.replication_user.name,
                &scenario.database,
                scenario.tls,
            ),
        })
        .collect()
}

/// The nodes whose subscriptions connect to a node, or to another node below the same primary. After a switchover the
/// latter will connect to it.
pub(super) fn subscribers(scenario: &Scenario, name: &NodeName) -> Vec<NodeName> {
    let primary = root(&scenario.nodes, name);
    let mut names: Vec<NodeName> = Vec::new();
    for (node, _, subscription) in scenario.subscriptions() {
        let publisher = root(&scenario.nodes, &subscription.upstream);
        if publisher == primary && !names.contains(node) {
            names.push(node.clone());
        }
    }
    names
}

/// The datasets of a node: its own with rows, and those of its publishers without rows.
pub(super) fn data(
    scenario: &Scenario,
    sql: &SqlFiles,
    name: &NodeName,
    node: &Node,
) -> Vec<PlannedDataset> {
    if node.standby_of.is_some() || node.restored_from.is_some() {
        return Vec::new();
    }
    let own = scenario.rows_of(node);
    let mut planned: Vec<PlannedDataset> =
        own.iter().map(|data| dataset(data, sql, false)).collect();
    for data in scenario.received_by(name) {
        if !planned.iter().any(|known| known.name == data.name) {
            planned.push(dataset(data, sql, true));
        }
    }
    planned
}

fn dataset(data: &DatasetRef, sql: &SqlFiles, tables_only: bool) -> PlannedDataset {
    let (schema_sql, files_sql) = (sql_files(&data.schema, sql), sql_files(&data.files, sql));
    let builtin = dataset::builtin(&data.name, None, None);
    let builtin = builtin.filter(|_| data.schema.is_empty() && data.files.is_empty());
    let text = match builtin {
        Some(builtin) => builtin.schema,
        None => [schema_sql.as_slice(), &files_sql].concat(),
    };
    PlannedDataset {
        tables: logged(&text),
        name: data.name.clone(),
        rows: data.rows,
        seed: data.seed,
        schema: data.schema.clone(),
        files: data.files.clone(),
        tables_only,
        schema_sql,
        sql: files_sql,
    }
}

fn sql_files(names: &[PathBuf], sql: &SqlFiles) -> Vec<SqlFile> {
    names
        .iter()
        .map(|name| name.display().to_string())
        .filter_map(|name| {
            Some(SqlFile {
                text: sql.get(&name)?.clone(),
                name,
            })
        })
        .collect()
}
