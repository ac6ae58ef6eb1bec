//! The schema of a step: its common keys, and beside them one of the actions or checks.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{Action, Check, Expect, Span, Step};
use crate::name::{DatabaseName, NodeName, SessionName, StepName, UserName, VariableName};

/// The keys that stand beside an action.
pub const COMMON: &[&str] = &[
    "name", "say", "on", "database", "user", "session", "within", "expect", "capture",
];

/// What happens: a step has one of these keys, or one of [`CHECKS`].
pub const ACTIONS: &[&str] = &[
    "sql",
    "sql_file",
    "exec",
    "finish",
    "cancel",
    "close",
    "start",
    "stop",
    "restart",
    "kill",
    "promote",
    "follow",
    "rewind",
    "reclone",
    "set",
    "hba",
    "freeze",
    "thaw",
    "partition",
    "isolate",
    "delay",
    "loss",
    "rate",
    "fill",
    "corrupt",
    "heal",
    "not",
    "hold",
    "repeat",
    "signal",
    "backup",
    "clone",
    "restore",
    "archive",
    "load",
    "create_subscriber",
];

/// What is looked at.
pub const CHECKS: &[&str] = &[
    "streaming",
    "caught_up",
    "synced",
    "role",
    "sync_state",
    "timeline",
    "slot",
    "log",
    "file",
    "setting",
    "rows",
    "same_rows",
    "lag",
    "waiting",
    "conflict",
    "unreplicated",
    "ledger",
];

/// The keys whose mapping may be written as the value of one key of it.
pub(crate) const SHORT: &[(&str, &str)] = &[
    ("stop", "node"),
    ("restart", "node"),
    ("corrupt", "table"),
    ("partition", "from"),
    ("heal", "from"),
    ("streaming", "node"),
    ("synced", "node"),
    ("slot", "name"),
    ("log", "has"),
    ("file", "path"),
    ("same_rows", "nodes"),
    ("waiting", "event"),
    ("signal", "backend"),
    ("load", "kind"),
    ("ledger", "session"),
];

impl JsonSchema for Step {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = Map::new();
        let mut one_of = Vec::new();
        let variants = [variants::<Action>(generator), variants::<Check>(generator)];
        for (key, mut schema) in variants.into_iter().flatten() {
            if let Some((_, short)) = SHORT.iter().find(|(of, _)| *of == key) {
                let shortened = shortened(generator, &schema, short);
                schema.as_object_mut().map(|schema| schema.remove("$ref"));
                schema["anyOf"] = shortened;
            }
            one_of.push(json!({ "required": [key] }));
            properties.insert(key, schema);
        }
        let described = |schema: Schema, text: &str| {
            let mut schema = schema.to_value();
            schema["description"] = text.into();
            schema
        };
        let common: [(&str, Schema, &str); 9] = [
            (
                "name",
                generator.subschema_for::<StepName>(),
                "A short name for this step, by which `--from` and other texts point at it.",
            ),
            (
                "say",
                generator.subschema_for::<String>(),
                "What a reader is told before it happens.",
            ),
            (
                "on",
                generator.subschema_for::<NodeName>(),
                "The node that it happens on. The first primary where silent.",
            ),
            (
                "database",
                generator.subschema_for::<DatabaseName>(),
                "The database of `sql`. The scenario's where silent.",
            ),
            (
                "user",
                generator.subschema_for::<UserName>(),
                "The role that `sql` connects as. The superuser where silent.",
            ),
            (
                "session",
                generator.subschema_for::<SessionName>(),
                "A connection with a name, which stays open over steps. With `expect: { waiting: … }`, or \
                 `{ running: true }`, the statement of `sql` goes on in it while later steps happen, until `finish`.",
            ),
            (
                "within",
                generator.subschema_for::<Span>(),
                "How long it may take until what is expected is seen. A query with `expect` is asked again until \
                 then; without `within` it is asked once. Checks wait for ten seconds where silent.",
            ),
            (
                "expect",
                generator.subschema_for::<Expect>(),
                "What must be seen.",
            ),
            (
                "capture",
                generator.subschema_for::<VariableName>(),
                "A name for what this step gives, used as `${name}` in later ones: the one value of `sql`, what a \
                 program wrote, the line of the log that was found. In SQL it is put in as a literal, or as a part of the \
                 text or the identifier in whose quotes it stands. It is kept in the lab's labels, where everybody can \
                 read it: no place for passwords.",
            ),
        ];
        for (key, schema, text) in common {
            properties.insert(key.to_owned(), described(schema, text));
        }
        let schema = json!({
            "description": "One step: one action or check, and what is said, waited for and expected beside it.",
            "type": "object", "additionalProperties": false,
            "properties": properties, "oneOf": one_of
        });
        Schema::try_from(schema).unwrap_or_default()
    }
}

/// The variants of an enum that is written as a mapping with one key, each with its schema.
fn variants<T: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let schema = T::json_schema(generator).to_value();
    let choices = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for choice in choices {
        for (key, value) in choice["properties"].as_object().into_iter().flatten() {
            let mut value = value.clone();
            if value == Value::Bool(true) {
                value = json!({});
            }
            if let Some(text) = choice.get("description") {
                value["description"] = text.clone();
            }
            found.push((key.clone(), value));
        }
    }
    found
}

/// A mapping, or the value of one of its keys.
fn shortened(generator: &SchemaGenerator, schema: &Value, short: &str) -> Value {
    let reference = schema["$ref"].as_str().unwrap_or_default();
    let name = reference.rsplit('/').next().unwrap_or_default();
    let definition = generator.definitions().get(name);
    let value = definition.map_or(Value::Null, |of| of["properties"][short].clone());
    json!([value, { "$ref": reference }])
}
