//! `conflict`: conflicts that a server has counted (manual: "`pg_stat_database_conflicts`", "`pg_stat_subscription_stats`").

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Declare, Flaw, Known, Step};
use crate::name::{NodeName, ObjectName};
use crate::text::suggest::did_you_mean_or_list;

/// The least number of conflicts that a server has counted, by kind. Conflicts of queries on a standby are `snapshot`,
/// `lock`, `bufferpin`, `tablespace` and `deadlock`; those of subscriptions are `apply_error_count` and others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict(#[schemars(schema_with = "by_kind")] pub BTreeMap<ObjectName, u64>);

/// The columns of `pg_stat_database_conflicts` without `confl_`, and those of `pg_stat_subscription_stats`, some of which
/// came with PostgreSQL 16 and 18.
const KINDS: &[&str] = &[
    "tablespace",
    "lock",
    "snapshot",
    "bufferpin",
    "deadlock",
    "active_logicalslot",
    "apply_error_count",
    "sync_error_count",
    "insert_exists",
    "update_origin_differs",
    "update_exists",
    "update_deleted",
    "update_missing",
    "delete_origin_differs",
    "delete_missing",
    "multiple_unique_conflicts",
];

/// Counts by kind of conflict, with or without what the server's columns begin with.
fn by_kind(_: &mut SchemaGenerator) -> Schema {
    let written = |prefix: &str| {
        let kinds = KINDS.iter();
        let kinds = kinds.map(move |kind| format!("{prefix}{kind}"));
        kinds.collect::<Vec<_>>()
    };
    let kinds = [written(""), written("confl_")].concat();
    json_schema!({
        "type": "object", "propertyNames": { "enum": kinds },
        "additionalProperties": { "type": "integer", "minimum": 0 }
    })
}

impl Declare for Conflict {
    const EXAMPLE: &'static str = "\
- conflict: { snapshot: 1 }
  on: replica
";

    fn describe(&self) -> String {
        let pairs = self.0.iter();
        let pairs = pairs.map(|(kind, least)| {
            let conflicts = if *least == 1 { "conflict" } else { "conflicts" };
            format!("at least {least} {kind} {conflicts}")
        });
        pairs.collect::<Vec<_>>().join(", ")
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let short = |kind: &ObjectName| kind.as_str().trim_start_matches("confl_").to_owned();
        let kinds = self.0.keys().map(|kind| (kind, short(kind)));
        let unknown = kinds.filter(|(_, short)| !KINDS.contains(&short.as_str()));
        unknown
            .map(|(kind, short)| {
                let message = format!("no server counts conflicts of the kind `{kind}`");
                let help = did_you_mean_or_list(&short, "kinds", KINDS);
                Flaw::key(kind.as_str(), message).help(help)
            })
            .collect()
    }
}
