//! `conflict`: conflicts that a server has counted: a standby's by their kind, a subscriber's by their column.

use super::{AllOf, Look, failed};
use crate::action::Step;
use crate::action::check::conflict::Conflict;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::wait::Probe;

impl Look for Conflict {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let sql = "SELECT coalesce((SELECT to_jsonb(c) FROM pg_stat_database_conflicts AS c WHERE datname = current_database()), '{}') \
            || coalesce((SELECT jsonb_object_agg(key, total) FROM \
               (SELECT key, sum(value::text::numeric) AS total FROM pg_stat_subscription_stats AS s, jsonb_each(to_jsonb(s)) \
                WHERE jsonb_typeof(value) = 'number' GROUP BY key) AS t), '{}')";
        let found = scene.ask(node, sql).await?.unwrap_or_default();
        let found: serde_json::Value = serde_json::from_str(&found).unwrap_or_default();
        let mut seen = AllOf::default();
        for (kind, least) in &self.0 {
            let key = kind.as_str();
            let count = found.get(format!("confl_{key}")).or_else(|| found.get(key));
            let Some(count) = count.and_then(serde_json::Value::as_u64) else {
                return Err(failed(format!(
                    "this server counts no conflicts of the kind `{key}`"
                )));
            };
            seen.add(count >= *least, format!("{key}: {count}"));
        }
        Ok(seen.probe())
    }
}
