//! `ledger`: the acknowledged and the missing rows of a ledger on a node.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use tokio_postgres::SimpleQueryMessage;

use super::Look;
use crate::action::Step;
use crate::action::check::ledger::Ledger;
use crate::name::NodeName;
use crate::run::scene::Scene;
use crate::run::state::Row;
use crate::run::{Tried, Wrong, target};
use crate::text::duration;
use crate::wait::Probe;

impl Look for Ledger {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let found = ledger_rows(scene, node).await?;
        let ledgers = scene.ledgers.lock().await;
        let ledger = ledgers.get(&self.session);
        let ledger = ledger
            .ok_or_else(|| Wrong::failed(format!("session `{}` wrote no ledger", self.session)))?;
        let acknowledged = ledger
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let lost: Vec<&Row> = acknowledged.rows.difference(&found).collect();
        let surplus = found.difference(&acknowledged.rows).count() as u64;
        let (count, gone) = (acknowledged.rows.len() as u64, lost.len() as u64);
        let holds = [
            self.acknowledged_at_least
                .is_none_or(|least| count >= least),
            self.lost.is_none_or(|wanted| gone == wanted),
            self.lost_at_least.is_none_or(|least| gone >= least),
            self.unacknowledged_at_most
                .is_none_or(|most| surplus <= most),
            self.outage_at_most
                .is_none_or(|most| acknowledged.outage <= most.0),
            self.outage_at_least
                .is_none_or(|least| acknowledged.outage >= least.0),
        ];
        let mut said = format!(
            "{count} rows acknowledged, {gone} of them missing, {surplus} unacknowledged rows present, longest outage {}",
            duration(acknowledged.outage)
        );
        if let Some((writer, number)) = lost.first() {
            said = format!("{said}; the first missing row is row {number} of connection {writer}");
        }
        Ok(if holds.iter().all(|holds| *holds) {
            Probe::Ready(said)
        } else {
            Probe::NotYet(said)
        })
    }
}

async fn ledger_rows(scene: &Scene<'_>, node: &NodeName) -> Tried<BTreeSet<Row>> {
    let client = scene.client(node).await?;
    let messages = client
        .simple_query("SELECT client, number FROM lab_ledger")
        .await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((row.get(0)?.parse().ok()?, row.get(1)?.parse().ok()?))
        }
        _ => None,
    });
    Ok(rows.collect())
}
