//! The tables of nodes, and the rows in which two nodes differ.

use crate::name::{DatabaseName, NodeName, TableName};
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::server::client::{Reader, SearchPath};
use crate::server::rows::{self, Apart, Common, Example, Side};

/// Connections for one look at the rows of nodes, and the tables to look at.
pub(super) struct Compared<'a> {
    first: (&'a NodeName, Reader),
    other: (&'a NodeName, Reader),
    /// The tables.
    pub(super) tables: Vec<TableName>,
    /// Whether each table with its rows alone: the tables that inherit from it are among them.
    only: bool,
}

/// What was found of a table.
pub(super) enum Found {
    /// The node has no such table.
    NoTable(NodeName),
    /// Both were compared.
    Compared(Apart, Common),
}

impl Scene<'_> {
    /// Connects to two nodes. Without `tables` those of the first are compared.
    pub(super) async fn compared<'a>(
        &self,
        first: &'a NodeName,
        other: &'a NodeName,
        database: &DatabaseName,
        tables: &[TableName],
    ) -> Tried<Compared<'a>> {
        let connections = (
            self.reader_of_rows(first, database).await?,
            self.reader_of_rows(other, database).await?,
        );
        let only = tables.is_empty();
        let tables = if only {
            rows::tables(&connections.0).await?
        } else {
            tables.to_vec()
        };
        Ok(Compared {
            first: (first, connections.0),
            other: (other, connections.1),
            tables,
            only,
        })
    }

    async fn reader_of_rows(&self, node: &NodeName, database: &DatabaseName) -> Tried<Reader> {
        let container = self.running(node).await?;
        self.own_reader(node, &container, database.as_str(), SearchPath::Catalog)
            .await
    }
}

impl Compared<'_> {
    /// Compares a table.
    pub(super) async fn table(&self, table: &TableName) -> Tried<Found> {
        let ((first, mine), (other, theirs)) = (&self.first, &self.other);
        let Some(here) = rows::relation(mine, table, self.only).await? else {
            return Ok(Found::NoTable((*first).clone()));
        };
        let Some(there) = rows::relation(theirs, table, self.only).await? else {
            return Ok(Found::NoTable((*other).clone()));
        };
        let common = Common::of(&here, &there);
        let side = |reader, relation| Side { reader, relation };
        let apart = rows::compare(side(mine, &here), side(theirs, &there), &common).await?;
        Ok(Found::Compared(apart, common))
    }

    /// The number of rows that the first node has in a table.
    pub(super) async fn count(&self, table: &TableName) -> Tried<u64> {
        Ok(rows::count(&self.first.1, table).await?)
    }
}

/// The differences of a table in words.
pub(super) fn differences(apart: &Apart, first: &NodeName, other: &NodeName) -> String {
    let mut words = Vec::new();
    for (node, rows) in [(first, apart.first), (other, apart.other)] {
        if rows > 0 {
            words.push(format!("{rows} only on {node}"));
        }
    }
    let examples = apart.examples.iter();
    let examples: Vec<String> = examples
        .map(|example| example.words(first, other))
        .collect();
    let shown: u64 = apart.examples.iter().map(Example::rows).sum();
    let more = apart.first + apart.other > shown;
    let more = if more { "; …" } else { "" };
    format!("{}; {}{more}", words.join(", "), examples.join("; "))
}

/// The columns that were not compared, where there are any.
pub(super) fn left_out(common: &Common, table: &TableName) -> Option<String> {
    let columns: Vec<String> = common
        .left_out
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    (!columns.is_empty()).then(|| format!("{table} without {}", columns.join(", ")))
}
