//! `unreplicated`: rows that exist on one node only.

use super::Look;
use super::tables::some;
use crate::action::Step;
use crate::action::check::unreplicated::Unreplicated;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::wait::Probe;

impl Look for Unreplicated {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let database = step.database.as_ref().unwrap_or(&scene.lab.plan.database);
        let tables = if self.tables.is_empty() {
            scene.tables(&self.from, database).await?
        } else {
            self.tables.clone()
        };
        let (mut count, mut parts) = (0, Vec::new());
        for table in &tables {
            let apart = scene.apart(&self.from, &self.node, database, table).await?;
            if !apart.first.is_empty() {
                count += apart.first.len() as u64;
                parts.push(format!("{table}: {}", some(&apart.first)));
            }
        }
        let holds = self.rows.map_or(count > 0, |wanted| wanted == count);
        let mut said = format!("{count} rows are only on {}", self.from);
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
