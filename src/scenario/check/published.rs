//! Published tables: whether each exists, and whether its changes can be applied.

use super::{Finding, Scenario};
use crate::dataset;
use crate::name::{NodeName, ObjectName, TableName};
use crate::scenario::logical::{Operation, Publication, PublishedTable, Tables};
use crate::scenario::{DatasetRef, Node, SqlFiles, root};
use crate::sql::SqlFile;
use crate::sql::expression::columns_of;
use crate::sql::tables::{TableShape, tables};
use crate::text::suggest::did_you_mean_or_list;

pub(super) fn check(scenario: &Scenario, sql: &SqlFiles) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, node) in &scenario.nodes.0 {
        if node.publications.0.is_empty() {
            continue;
        }
        let Some(known) = tables_of(scenario, sql, name, node) else {
            continue;
        };
        for (publication, written) in &node.publications.0 {
            let Tables::These(tables) = &written.tables else {
                let all = matches!(written.tables, Tables::All);
                if all && known.is_empty() && is_subscribed(scenario, name, publication) {
                    let path = format!("nodes.{name}.publications.{publication}.tables");
                    found.push(no_tables(name, path));
                }
                continue;
            };
            for (index, table) in tables.iter().enumerate() {
                let path = format!("nodes.{name}.publications.{publication}.tables[{index}]");
                let subscribed = is_subscribed(scenario, name, publication);
                let seen = Seen {
                    node: name,
                    table,
                    written,
                    path,
                    subscribed,
                };
                found.extend(seen.check(&known));
            }
        }
    }
    found
}

/// The tables that a node's datasets make, where that can be told.
fn tables_of(
    scenario: &Scenario,
    sql: &SqlFiles,
    name: &NodeName,
    node: &Node,
) -> Option<Vec<TableShape>> {
    let own = scenario.rows_of(node).iter();
    let mut all = Vec::new();
    for data in own.chain(scenario.received_by(name)) {
        all.extend(tables(&files(data, sql))?);
    }
    Some(all)
}

fn files(data: &DatasetRef, sql: &SqlFiles) -> Vec<SqlFile> {
    if let Some(dataset) = dataset::builtin(&data.name, data.rows, data.seed) {
        return dataset.schema;
    }
    let names = data.schema.iter().chain(&data.files);
    names
        .map(|name| name.display().to_string())
        .map(|name| SqlFile {
            text: sql.get(&name).cloned().unwrap_or_default(),
            name,
        })
        .collect()
}

fn is_subscribed(scenario: &Scenario, node: &NodeName, publication: &ObjectName) -> bool {
    scenario.subscriptions().any(|(_, _, subscription)| {
        root(&scenario.nodes, &subscription.upstream) == node
            && subscription.publications.contains(publication)
    })
}

/// A publication of all tables of a node without tables: nothing could be proven.
fn no_tables(node: &NodeName, path: String) -> Finding {
    let message = format!("`{node}` has no tables that could be published");
    let help = format!("give it a dataset: `data: [shopping]` at the top or at `nodes.{node}`");
    Finding::value(path, message, help)
}

/// One table of one publication.
struct Seen<'a> {
    node: &'a NodeName,
    table: &'a PublishedTable,
    written: &'a Publication,
    path: String,
    subscribed: bool,
}

impl Seen<'_> {
    fn check(&self, known: &[TableShape]) -> Vec<Finding> {
        let name = &self.table.name;
        let shape = known
            .iter()
            .find(|shape| shape.schema == name.schema() && shape.name == name.table());
        let Some(shape) = shape else {
            return vec![self.no_table(name, known)];
        };
        let mut found = self.columns(shape);
        found.extend(self.filter(shape));
        found
    }

    fn no_table(&self, name: &TableName, known: &[TableShape]) -> Finding {
        let names: Vec<String> = known
            .iter()
            .map(|shape| match shape.schema.as_str() {
                "public" => shape.name.clone(),
                schema => format!("{schema}.{}", shape.name),
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!("the datasets of `{}` make no table `{name}`", self.node);
        let help =
            did_you_mean_or_list(name.as_str(), &format!("tables of `{}`", self.node), &names);
        Finding::value(self.name_path(), message, help)
    }

    /// The path of the table's name, which stands alone where nothing else is said.
    fn name_path(&self) -> String {
        if self.table.columns.is_empty() && self.table.filter.is_none() {
            self.path.clone()
        } else {
            format!("{}.name", self.path)
        }
    }

    /// Whether a row that was published before has to be found again at the subscriber.
    fn finds_again(&self) -> bool {
        let published = self.written.publish.as_deref().unwrap_or(&Operation::ALL);
        published.contains(&Operation::Update) || published.contains(&Operation::Delete)
    }

    fn columns(&self, shape: &TableShape) -> Vec<Finding> {
        let listed = &self.table.columns;
        if listed.is_empty() {
            return Vec::new();
        }
        let path = format!("{}.columns", self.path);
        let names: Vec<&str> = shape
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let is_listed = |name: &str| listed.iter().any(|column| column.as_str() == name);
        let mut found = Vec::new();
        for (index, column) in listed.iter().enumerate() {
            if !names.contains(&column.as_str()) {
                let message = format!("`{}` has no column `{column}`", shape.name);
                let help = did_you_mean_or_list(column.as_str(), "columns", &names);
                found.push(Finding::value(format!("{path}[{index}]"), message, help));
            }
        }
        if let Some(key) = shape
            .key
            .iter()
            .find(|key| self.finds_again() && !is_listed(key))
        {
            let message = format!(
                "updates and deletes are published, and `{key}`, by which a row is found again, is not"
            );
            let help =
                "list the columns of the primary key too, or write `publish: [insert]`".to_owned();
            found.push(Finding::value(path.clone(), message, help));
        }
        let needed = shape.columns.iter().find(|column| {
            column.needs_value && !is_listed(&column.name) && !shape.key.contains(&column.name)
        });
        if let Some(column) = needed.filter(|_| self.subscribed) {
            let message = format!(
                "a subscriber's `{}` takes no row without `{}`, which is `NOT NULL` and has no default",
                shape.name, column.name
            );
            let help = "list that column too".to_owned();
            found.push(Finding::value(path, message, help));
        }
        found
    }

    /// A filter for updates and deletes looks at the old row, of which the log has the replica identity alone (manual:
    /// "Row Filters").
    fn filter(&self, shape: &TableShape) -> Option<Finding> {
        let columns = columns_of(self.table.filter.as_ref()?)?;
        let path = format!("{}.where", self.path);
        let names: Vec<&str> = shape
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        if let Some(unknown) = columns
            .iter()
            .find(|column| !names.contains(&column.as_str()))
        {
            let message = format!("`{}` has no column `{unknown}`", shape.name);
            let help = did_you_mean_or_list(unknown, "columns", &names);
            return Some(Finding::value(path, message, help));
        }
        let outside = columns.iter().find(|column| !shape.key.contains(column))?;
        if !self.finds_again() {
            return None;
        }
        let message = format!(
            "updates and deletes are published, and the filter looks at `{outside}`, which is not in the primary key"
        );
        let help = format!(
            "filter by `{}`, or write `publish: [insert]`",
            shape.key.join("`, `")
        );
        Some(Finding::value(path, message, help))
    }
}
