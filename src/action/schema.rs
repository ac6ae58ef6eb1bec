//! The schema of a step: the keys beside its action, and one of the actions or checks.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Action, Check, Entry};

/// The keys that stand beside an action, each with steps that show it.
pub const COMMON: &[(&str, &str)] = &[
    (
        "name",
        "\
- name: insert
  sql: INSERT INTO employer (id, name, industry) VALUES (2, 'SoftCorp', 'Software')
",
    ),
    (
        "say",
        "\
- say: The standby has the row at once.
  sql: SELECT name FROM employer WHERE id = 2
  on: replica
  expect: { value: SoftCorp }
",
    ),
    (
        "on",
        "\
- sql: SELECT pg_is_in_recovery()
  on: replica
  expect: { value: true }
",
    ),
    (
        "database",
        "\
- sql: SELECT current_database()
  database: postgres
  expect: { value: postgres }
",
    ),
    (
        "user",
        "\
- sql: SELECT * FROM employer
  user: replication_user
  expect: { error: { code: \"42501\", has: permission denied } }
",
    ),
    (
        "password",
        "\
- sql: SELECT * FROM employer
  user: replication_user
  password: replica123
  expect: { error: \"42501\" }
",
    ),
    (
        "session",
        "\
- sql: BEGIN; LOCK TABLE employer
  session: locker
- sql: DELETE FROM employer WHERE id = 2
  session: writer
  expect: { waiting: Lock }
- sql: COMMIT
  session: locker
- finish: writer
- sql: SELECT count(*) FROM generate_series(1, 1000000000)
  session: writer
  expect: { running: true }
- cancel: writer
  expect: { error: \"57014\" }
",
    ),
    (
        "within",
        "\
- sql: SELECT count(*) FROM employer
  on: subscriber
  expect: { value: 3 }
  within: 30s
",
    ),
    (
        "expect",
        "\
- sql: SELECT id, name FROM employer ORDER BY id LIMIT 1
  expect: { rows: [[1, TechCorp]] }
- sql: DELETE FROM employer
  on: replica
  expect: { error: \"25006\" }
",
    ),
    (
        "capture",
        "\
- sql: SELECT pg_current_wal_lsn()
  capture: before
- sql: SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), ${before}) >= 0
  expect: { value: true }
",
    ),
];

impl Entry {
    /// The schema of the value below the key, with its description.
    #[must_use]
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Value {
        let own = (self.schema)(generator).to_value();
        if own["properties"].is_null() {
            return own;
        }
        // A mapping has a definition of its own.
        let mut reference = (self.reference)(generator).to_value();
        if let Some(short) = self.short {
            let value = own["properties"][short].clone();
            reference = json!({ "anyOf": [value, reference] });
        }
        reference["description"] = own["description"].clone();
        reference
    }
}

impl JsonSchema for Action {
    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// The keys of all actions and checks, of which a step has one. A key that is both may hold either.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut by_key: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for entry in Self::ALL.iter().chain(Check::ALL) {
            let schema = entry.schema(generator);
            by_key.entry(entry.key).or_default().push(schema);
        }
        let keys = by_key.keys().map(|key| json!({ "required": [key] }));
        let keys: Vec<Value> = keys.collect();
        let properties = by_key.into_iter().map(|(key, mut schemas)| {
            let schema = match schemas.len() {
                1 => schemas.remove(0),
                _ => json!({ "anyOf": schemas }),
            };
            (key.to_owned(), schema)
        });
        let properties: Map<String, Value> = properties.collect();
        json_schema!({ "type": "object", "properties": properties, "oneOf": keys })
    }
}

impl JsonSchema for Check {
    fn schema_name() -> Cow<'static, str> {
        "Check".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let properties = Self::ALL
            .iter()
            .map(|entry| (entry.key.to_owned(), entry.schema(generator)));
        let properties: Map<String, Value> = properties.collect();
        json_schema!({
            "description": "A check, such as `{ streaming: replica }`.",
            "type": "object", "properties": properties,
            "additionalProperties": false, "minProperties": 1, "maxProperties": 1
        })
    }
}

/// A step has no keys but those that are said.
pub(super) fn refuse_others(schema: &mut Schema) {
    schema.insert("additionalProperties".to_owned(), false.into());
}
