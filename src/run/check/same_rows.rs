//! `same_rows`: whether nodes have the same rows.

use super::tables::{quoted, some};
use super::{Look, failed};
use crate::action::Step;
use crate::action::check::same_rows::SameRows;
use crate::name::{DatabaseName, NodeName, TableName};
use crate::run::Tried;
use crate::run::scene::{Scene, one};
use crate::text::count;
use crate::wait::Probe;

impl Look for SameRows {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let Some((first, others)) = self.nodes.split_first() else {
            return Err(failed("no nodes are named"));
        };
        let database = step.database.as_ref().unwrap_or(&scene.lab.plan.database);
        let tables = if self.tables.is_empty() {
            scene.tables(first, database).await?
        } else {
            self.tables.clone()
        };
        let (mut different, mut rows) = (Vec::new(), 0_u64);
        for table in &tables {
            let wanted = digest(scene, first, database, table).await?;
            rows += wanted
                .split_once(' ')
                .and_then(|(count, _)| count.parse().ok())
                .unwrap_or(0);
            for other in others {
                if digest(scene, other, database, table).await? != wanted {
                    different.push(difference(scene, first, other, database, table).await?);
                }
            }
        }
        if !different.is_empty() {
            return Ok(Probe::NotYet(different.join("; ")));
        }
        if rows == 0 {
            // Comparing no rows proves nothing.
            return Ok(Probe::NotYet(format!(
                "`{first}` has no rows in {}",
                count(tables.len(), "table")
            )));
        }
        let (rows, tables) = (count(rows, "row"), count(tables.len(), "table"));
        Ok(Probe::Ready(format!("{rows} in {tables} are the same")))
    }
}

/// The number of rows, and a digest of all rows ordered by their text.
async fn digest(
    scene: &Scene<'_>,
    node: &NodeName,
    database: &DatabaseName,
    table: &TableName,
) -> Tried {
    let sql = format!(
        "SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text COLLATE \"C\")), '') FROM {} AS t",
        quoted(table)
    );
    let client = scene.reader(node, database).await?;
    Ok(one(&client, &sql).await?.unwrap_or_default())
}

/// The rows of one table that one node has and the other lacks.
async fn difference(
    scene: &Scene<'_>,
    first: &NodeName,
    other: &NodeName,
    database: &DatabaseName,
    table: &TableName,
) -> Tried {
    let apart = scene.apart(first, other, database, table).await?;
    let mut parts = Vec::new();
    for (node, rows) in [(first, &apart.first), (other, &apart.other)] {
        if !rows.is_empty() {
            parts.push(format!("{} only on {node}: {}", rows.len(), some(rows)));
        }
    }
    if parts.is_empty() {
        // The tables became equal between the two looks.
        parts.push("they were changing".to_owned());
    }
    Ok(format!("{table}: {}", parts.join(", ")))
}
