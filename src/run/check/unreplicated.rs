//! `unreplicated`: rows that exist on one node only.

use super::Look;
use super::tables::{Found, differences};
use crate::action::Step;
use crate::action::check::unreplicated::Unreplicated;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::text::count;
use crate::wait::Probe;

impl Look for Unreplicated {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let database = step.database.as_ref().unwrap_or(&scene.lab.plan.database);
        let (from, node) = (&self.from, &self.node);
        let compared = scene.compared(from, node, database, &self.tables).await?;
        let (mut rows, mut parts) = (0, Vec::new());
        for table in &compared.tables {
            match compared.table(table).await? {
                Found::NoTable(missing) if missing == *from => {
                    return Ok(Probe::NotYet(format!("{from} has no table {table}")));
                }
                Found::NoTable(_) => {
                    let all = compared.count(table).await?;
                    rows += all;
                    if all > 0 {
                        parts.push(format!("{table}: {node} has no such table"));
                    }
                }
                // No row of the other node has what such a column has.
                Found::Compared(apart, common) if !common.missing.is_empty() => {
                    rows += apart.rows;
                    if apart.rows > 0 {
                        let columns = common.missing.join("`, `");
                        parts.push(format!("{table}: {node} has no column `{columns}`"));
                    }
                }
                Found::Compared(apart, _) if apart.first > 0 => {
                    rows += apart.first;
                    parts.push(format!("{table}: {}", differences(&apart, from, node)));
                }
                Found::Compared(..) => {}
            }
        }
        let holds = self.rows.map_or(rows > 0, |wanted| wanted == rows);
        let are = if rows == 1 { "is" } else { "are" };
        let mut said = format!("{} {are} only on {from}", count(rows, "row"));
        if !parts.is_empty() {
            said = format!("{said}: {}", parts.join("; "));
        }
        Ok(if holds {
            Probe::Ready(said)
        } else {
            Probe::NotYet(said)
        })
    }
}
