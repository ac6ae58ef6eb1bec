//! `rows`: how many rows tables have.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::rows::Rows;
use crate::run::scene::{Scene, one};
use crate::run::{Tried, target};
use crate::sql::quote;
use crate::wait::Probe;

impl Look for Rows {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, database) = target(step)?;
        let client = scene.reader(node, database).await?;
        let mut seen = AllOf::default();
        for (table, wanted) in &self.0 {
            let count = one(
                &client,
                &format!("SELECT count(*) FROM {}", quote::table(table)),
            )
            .await?;
            let count = count.unwrap_or_default();
            let said = format!("{table}: {count}");
            seen.add(count == wanted.to_string(), said);
        }
        Ok(seen.probe())
    }
}
