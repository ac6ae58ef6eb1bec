//! `slot`: a replication slot.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::slot::Slot;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::server::client::literal;
use crate::wait::Probe;

impl Look for Slot {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let name = self.name.as_str();
        let sql = format!(
            "SELECT to_jsonb(s) FROM pg_replication_slots AS s WHERE slot_name = {}",
            literal(name)
        );
        let Some(found) = scene.ask(node, &sql).await? else {
            return Ok(Probe::NotYet(format!("`{node}` has no slot `{name}`")));
        };
        let found: serde_json::Value = serde_json::from_str(&found).unwrap_or_default();
        let mut seen = AllOf::default();
        seen.add(true, format!("slot {name}"));
        for (key, wanted) in self.columns() {
            let value = match &found[key] {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => "none".to_owned(),
                other => other.to_string(),
            };
            let said = format!("{key} {value}");
            seen.add(value == wanted, said);
        }
        Ok(seen.probe())
    }
}
