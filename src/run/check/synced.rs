//! `synced`: whether the tables of subscriptions are copied and follow.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::synced::Synced;
use crate::run::Tried;
use crate::run::scene::{Scene, one};
use crate::server::client::literal;
use crate::wait::Probe;

impl Look for Synced {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let database = step.database.as_ref().unwrap_or(&scene.lab.plan.database);
        let client = scene.connection(&self.node, database, None).await?;
        let only = self.subscription.as_ref().map_or_else(String::new, |name| {
            format!(" AND s.subname = {}", literal(name.as_str()))
        });
        let sql = format!(
            "SELECT string_agg(concat_ws(' ', s.subname, \
                (SELECT count(*) FROM pg_subscription_rel WHERE srsubid = s.oid AND srsubstate = 'r'), \
                (SELECT count(*) FROM pg_subscription_rel WHERE srsubid = s.oid), \
                EXISTS (SELECT FROM pg_stat_subscription AS t WHERE t.subid = s.oid AND t.relid IS NULL AND t.pid IS NOT NULL)), ',') \
             FROM pg_subscription AS s WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()){only}"
        );
        let found = one(&client, &sql).await?;
        let Some(found) = found else {
            return Ok(Probe::NotYet(match &self.subscription {
                Some(name) => format!("`{}` has no subscription `{name}`", self.node),
                None => format!("`{}` has no subscription", self.node),
            }));
        };
        let mut seen = AllOf::default();
        for one in found.split(',') {
            let words: Vec<&str> = one.split(' ').collect();
            let [name, ready, tables, runs] = words.as_slice() else {
                continue;
            };
            let said = format!("{name}: {ready} of {tables} tables ready");
            match (ready == tables, *runs) {
                (true, "t") => seen.add(true, said),
                (_, "t") => seen.add(false, said),
                _ => seen.add(false, format!("{said}, its worker does not run")),
            }
        }
        Ok(seen.probe())
    }
}
