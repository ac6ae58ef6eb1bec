//! Rows: how many, and whether they are the same.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryMessage;

use super::super::Seen;
use super::super::stage::{Stage, one};
use super::{Looked, failed};
use crate::action::{NodePair, RowCount, Step, Unreplicated};
use crate::name::{DatabaseName, NodeName, TableName};
use crate::server::client::{identifier, literal};
use crate::text::count;
use crate::wait::Probe;

/// How many rows that differ are shown of a table.
const SHOWN: usize = 3;

impl Stage<'_> {
    pub(super) async fn row_counts(&self, step: &Step, wanted: &RowCount) -> Seen<Probe<String>> {
        let (node, database) = super::super::target(step)?;
        let client = self.connection(node, database, None).await?;
        let mut seen = Looked::default();
        for (table, wanted) in wanted {
            let count = one(&client, &format!("SELECT count(*) FROM {}", quoted(table))).await?;
            let count = count.unwrap_or_default();
            let said = format!("{table}: {count}");
            seen.add(count == wanted.to_string(), said);
        }
        Ok(seen.probe())
    }

    pub(super) async fn same_rows(&self, step: &Step, same: &NodePair) -> Seen<Probe<String>> {
        let Some((first, others)) = same.nodes.split_first() else {
            return Err(failed("no nodes are named"));
        };
        let database = step.database.as_ref().unwrap_or(&self.lab.plan.database);
        let tables = if same.tables.is_empty() {
            self.tables(first, database).await?
        } else {
            same.tables.clone()
        };
        let (mut different, mut rows) = (Vec::new(), 0_u64);
        for table in &tables {
            let digest = self.digest(first, database, table).await?;
            rows += digest
                .split_once(' ')
                .and_then(|(count, _)| count.parse().ok())
                .unwrap_or(0);
            for other in others {
                if self.digest(other, database, table).await? != digest {
                    different.push(self.difference(first, other, database, table).await?);
                }
            }
        }
        if !different.is_empty() {
            return Ok(Probe::NotYet(different.join("; ")));
        }
        if rows == 0 {
            // Nothing compared is nothing proven.
            return Ok(Probe::NotYet(format!(
                "`{first}` has no rows in {}",
                count(tables.len(), "table")
            )));
        }
        let (rows, tables) = (count(rows, "row"), count(tables.len(), "table"));
        Ok(Probe::Ready(format!("{rows} in {tables} are the same")))
    }

    /// The tables of a node, without those of PostgreSQL itself.
    async fn tables(&self, node: &NodeName, database: &DatabaseName) -> Seen<Vec<TableName>> {
        let sql = "SELECT string_agg(CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, ',' ORDER BY 1) \
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' \
            AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";
        let client = self.connection(node, database, None).await?;
        let names = one(&client, sql).await?.unwrap_or_default();
        let names = names.split(',').filter(|name| !name.is_empty());
        names
            .map(|name| {
                let why = |error: crate::name::NameError| failed(error.to_string());
                TableName::new(name).map_err(why)
            })
            .collect()
    }

    /// How many rows, and a digest of all of them in the order of their text.
    async fn digest(&self, node: &NodeName, database: &DatabaseName, table: &TableName) -> Seen {
        let sql = format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text COLLATE \"C\")), '') FROM {} AS t",
            quoted(table)
        );
        let client = self.connection(node, database, None).await?;
        Ok(one(&client, &sql).await?.unwrap_or_default())
    }

    /// The rows that one node has and the other lacks, of one table.
    async fn difference(
        &self,
        first: &NodeName,
        other: &NodeName,
        database: &DatabaseName,
        table: &TableName,
    ) -> Seen {
        let apart = self.apart(first, other, database, table).await?;
        let mut parts = Vec::new();
        for (node, rows) in [(first, &apart.first), (other, &apart.other)] {
            if !rows.is_empty() {
                parts.push(format!("{} only on {node}: {}", rows.len(), some(rows)));
            }
        }
        if parts.is_empty() {
            // They became the same between the two looks.
            parts.push("they were changing".to_owned());
        }
        Ok(format!("{table}: {}", parts.join(", ")))
    }

    /// Rows that one node has and another lacks, of several tables.
    pub(super) async fn unreplicated(
        &self,
        step: &Step,
        missing: &Unreplicated,
    ) -> Seen<Probe<String>> {
        let database = step.database.as_ref().unwrap_or(&self.lab.plan.database);
        let tables = if missing.tables.is_empty() {
            self.tables(&missing.from, database).await?
        } else {
            missing.tables.clone()
        };
        let (mut count, mut parts) = (0, Vec::new());
        for table in &tables {
            let apart = self
                .apart(&missing.from, &missing.node, database, table)
                .await?;
            if !apart.first.is_empty() {
                count += apart.first.len() as u64;
                parts.push(format!("{table}: {}", some(&apart.first)));
            }
        }
        let holds = missing.rows.map_or(count > 0, |wanted| wanted == count);
        let mut said = format!("{count} rows are on {} alone", missing.from);
        if !parts.is_empty() {
            said = format!("{said}: {}", parts.join("; "));
        }
        Ok(if holds {
            Probe::Ready(said)
        } else {
            Probe::NotYet(said)
        })
    }

    async fn apart(
        &self,
        first: &NodeName,
        other: &NodeName,
        database: &DatabaseName,
        table: &TableName,
    ) -> Seen<Apart> {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for (node, sign) in [(first, 1), (other, -1)] {
            let client = self.connection(node, database, None).await?;
            // A table that one of them does not have has no rows there.
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
struct Apart {
    first: Vec<String>,
    other: Vec<String>,
}

/// The first few of some rows.
fn some(rows: &[String]) -> String {
    let shown: Vec<&str> = rows.iter().take(SHOWN).map(String::as_str).collect();
    let more = if rows.len() > SHOWN { " …" } else { "" };
    format!("{}{more}", shown.join(" "))
}

fn quoted(table: &TableName) -> String {
    format!(
        "{}.{}",
        identifier(table.schema()),
        identifier(table.table())
    )
}
