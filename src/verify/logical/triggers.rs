//! What triggers of subscribers do with the rows of the proof.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::name::NodeName;
use crate::server::catalog::{self, ReplicaTrigger};
use crate::verify::Prover;
use crate::verify::probe::ProbeRow;

use super::Edge;

impl Prover<'_> {
    /// What the subscribers' triggers did with the rows that came, which nothing undoes.
    pub(in crate::verify) async fn kept_by_triggers(
        &self,
        followed: &[Edge<'_>],
        rows: &[ProbeRow],
    ) -> String {
        let mut text = String::new();
        let nodes: BTreeSet<&NodeName> = followed.iter().map(Edge::subscriber).collect();
        for node in nodes {
            let Ok(client) = self.client(node) else {
                continue;
            };
            for trigger in catalog::replica_triggers(client).await.unwrap_or_default() {
                let ReplicaTrigger {
                    name,
                    relation,
                    table,
                } = trigger;
                let came = |row: &ProbeRow| row.relation == relation || row.table == table;
                if !rows.iter().any(came) {
                    continue;
                }
                _ = write!(
                    text,
                    "; the trigger `{name}` of {relation} on `{node}` fires for replicated rows, and what it did stays"
                );
            }
        }
        text
    }
}
