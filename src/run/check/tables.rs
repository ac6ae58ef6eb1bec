//! The tables of nodes, and the rows in which two nodes differ.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryMessage;

use super::failed;
use crate::name::{DatabaseName, NodeName, TableName};
use crate::run::Tried;
use crate::run::scene::{Scene, one};
use crate::server::client::{identifier, literal};

/// The most differing rows that are shown of a table.
const SHOWN: usize = 3;

impl Scene<'_> {
    /// The user tables of a node.
    pub(super) async fn tables(
        &self,
        node: &NodeName,
        database: &DatabaseName,
    ) -> Tried<Vec<TableName>> {
        let sql = "SELECT string_agg(CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, ',' ORDER BY 1) \
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' \
            AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";
        let client = self.reader(node, database).await?;
        let names = one(&client, sql).await?.unwrap_or_default();
        let names = names.split(',').filter(|name| !name.is_empty());
        names
            .map(|name| {
                let why = |error: crate::name::NameError| failed(error.to_string());
                TableName::new(name).map_err(why)
            })
            .collect()
    }

    /// The rows of one table that two nodes do not share.
    pub(super) async fn apart(
        &self,
        first: &NodeName,
        other: &NodeName,
        database: &DatabaseName,
        table: &TableName,
    ) -> Tried<Apart> {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for (node, sign) in [(first, 1), (other, -1)] {
            let client = self.reader(node, database).await?;
            // A missing table counts as empty.
            let there = format!("SELECT to_regclass({})", literal(&quoted(table)));
            if one(&client, &there).await?.is_none() {
                continue;
            }
            let sql = format!("SELECT t::text FROM {} AS t", quoted(table));
            for message in client.simple_query(&sql).await? {
                if let SimpleQueryMessage::Row(row) = message {
                    *counts
                        .entry(row.get(0).unwrap_or_default().to_owned())
                        .or_default() += sign;
                }
            }
        }
        let only = |sign: i64| {
            let rows = counts.iter().filter(|(_, count)| count.signum() == sign);
            rows.map(|(row, _)| row.clone()).collect()
        };
        Ok(Apart {
            first: only(1),
            other: only(-1),
        })
    }
}

/// The rows of one table that two nodes do not share.
pub(super) struct Apart {
    pub(super) first: Vec<String>,
    pub(super) other: Vec<String>,
}

/// The first few of some rows.
pub(super) fn some(rows: &[String]) -> String {
    let shown: Vec<&str> = rows.iter().take(SHOWN).map(String::as_str).collect();
    let more = if rows.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", shown.join(" "))
}

/// A table's name, quoted for SQL.
pub(super) fn quoted(table: &TableName) -> String {
    format!(
        "{}.{}",
        identifier(table.schema()),
        identifier(table.table())
    )
}
