//! `same_rows`: whether nodes have the same rows.

use super::tables::{Found, differences, left_out};
use super::{Look, failed};
use crate::action::Step;
use crate::action::check::same_rows::SameRows;
use crate::name::{DatabaseName, NodeName};
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::text::count;
use crate::wait::Probe;

/// What was seen of the tables of two nodes.
#[derive(Debug, Default)]
struct Seen {
    tables: usize,
    rows: u64,
    different: Vec<String>,
    left_out: Vec<String>,
}

impl Look for SameRows {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let Some((first, others)) = self.nodes.split_first() else {
            return Err(failed("no nodes are named"));
        };
        let database = step.database.as_ref().unwrap_or(&scene.lab.plan.database);
        let mut all = Seen::default();
        for other in others {
            let seen = self.compare(scene, database, first, other).await?;
            (all.tables, all.rows) = (seen.tables, seen.rows);
            all.different.extend(seen.different);
            all.left_out.extend(seen.left_out);
        }
        Ok(all.probe(first))
    }
}

impl SameRows {
    async fn compare(
        &self,
        scene: &Scene<'_>,
        database: &DatabaseName,
        first: &NodeName,
        other: &NodeName,
    ) -> Tried<Seen> {
        let compared = scene.compared(first, other, database, &self.tables).await?;
        let mut seen = Seen {
            tables: compared.tables.len(),
            ..Seen::default()
        };
        for table in &compared.tables {
            let (apart, common) = match compared.table(table).await? {
                Found::NoTable(node) => {
                    seen.different
                        .push(format!("{table}: {node} has no such table"));
                    continue;
                }
                Found::Compared(apart, common) => (apart, common),
            };
            seen.rows += apart.rows;
            if !common.missing.is_empty() {
                let columns = common.missing.join("`, `");
                seen.different
                    .push(format!("{table}: {other} has no column `{columns}`"));
            }
            if !apart.is_same() {
                let said = differences(&apart, first, other);
                seen.different.push(format!("{table}: {said}"));
            }
            seen.left_out.extend(left_out(&common, table));
        }
        Ok(seen)
    }
}

impl Seen {
    fn probe(self, first: &NodeName) -> Probe<String> {
        let tables = count(self.tables, "table");
        if !self.different.is_empty() {
            return Probe::NotYet(self.different.join("; "));
        }
        if self.rows == 0 {
            // Comparing no rows proves nothing.
            return Probe::NotYet(format!("`{first}` has no rows in {tables}"));
        }
        let mut said = format!("{} in {tables} are the same", count(self.rows, "row"));
        if !self.left_out.is_empty() {
            said = format!("{said} ({})", self.left_out.join(", "));
        }
        Probe::Ready(said)
    }
}
