//! The rows of a standby beside those that were written on its primary.

use crate::failure::Failure;
use crate::name::NodeName;
use crate::server::catalog;
use crate::text::chain;
use crate::verify::Prover;
use crate::verify::compare::{Comparison, compare};
use crate::verify::probe::{self, ProbeError, ProbeRow};

/// SQLSTATE `undefined_table`.
const UNDEFINED_TABLE: &str = "42P01";

impl Prover<'_> {
    /// Compares the rows of a standby. What was dropped on the primary since they were written may be gone there too.
    pub(super) async fn compare_rows(
        &self,
        standby: &NodeName,
        rows: &[ProbeRow],
    ) -> Result<Comparison, Failure> {
        let client = self.client(standby)?;
        match probe::read(client, rows).await {
            Ok(found) => return Ok(compare(rows, &found)),
            Err(ProbeError::Read(error)) if error.is(UNDEFINED_TABLE) => {}
            Err(error) => return Err(chain(&error).into()),
        }
        let primary = self.client(self.lab.plan.primary_of(standby))?;
        let catalog = catalog::read(primary).await;
        let tables = catalog.map_err(|error| chain(&error))?.tables;
        let is_there = |row: &&ProbeRow| {
            let mut tables = tables.iter();
            tables.any(|table| probe::qualified(table) == row.table)
        };
        let rows: Vec<ProbeRow> = rows.iter().filter(is_there).cloned().collect();
        let found = probe::read(client, &rows).await;
        Ok(compare(&rows, &found.map_err(|error| chain(&error))?))
    }
}
