//! The JSON Schema of scenario files, from the types.

use schemars::Schema;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

use super::Scenario;

/// A key that may be left out is an `Option` in the types, and the loader still takes no `null` for it.
#[derive(Clone)]
struct RefuseNull;

impl Transform for RefuseNull {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("default") == Some(&Value::Null) {
            schema.remove("default");
        }
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| choice["type"] != "null");
            if let [Value::Object(only)] = choices.as_slice() {
                let only = only.clone();
                schema.remove("anyOf");
                schema.ensure_object().extend(only);
            }
        }
        transform_subschemas(self, schema);
    }
}

/// The schema as it is checked in at `labs/lab.schema.json`, which `lab schema > labs/lab.schema.json` makes anew.
#[must_use]
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Scenario);
    transform_subschemas(&mut RefuseNull, &mut schema);
    // The alternate form of a JSON value is the pretty one, and printing a value cannot fail.
    format!("{:#}\n", schema.as_value())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::read::{
        DATASET_KEYS, HBA_KEYS, NODE_KEYS, PUBLICATION_KEYS, SCENARIO_KEYS, SERVICE_KEYS,
        SUBSCRIPTION_KEYS, TABLE_KEYS, USER_KEYS,
    };
    use super::schema;

    /// The keys below a place in the schema, and whether others are refused there.
    fn keys(schema: &Value, place: &str) -> (Vec<String>, bool) {
        let object = schema.pointer(place).expect("a place in the schema");
        let properties = object["properties"].as_object().expect("properties");
        let mut keys: Vec<String> = properties.keys().cloned().collect();
        keys.sort();
        (keys, object["additionalProperties"] == false)
    }

    #[test]
    fn the_schema_has_the_keys_that_the_loader_takes() {
        let schema: Value = serde_json::from_str(&schema()).expect("JSON");
        for (place, taken) in [
            ("", SCENARIO_KEYS),
            ("/$defs/Node", NODE_KEYS),
            ("/$defs/ReplicationUser", USER_KEYS),
            ("/$defs/Dataset/anyOf/1", DATASET_KEYS),
            ("/$defs/HbaLine", HBA_KEYS),
            ("/$defs/Publication", PUBLICATION_KEYS),
            ("/$defs/PublishedTable", TABLE_KEYS),
            ("/$defs/Subscription", SUBSCRIPTION_KEYS),
            ("/$defs/Service", SERVICE_KEYS),
        ] {
            let mut taken: Vec<String> = taken.iter().map(|key| (*key).to_owned()).collect();
            taken.sort();
            assert_eq!(keys(&schema, place), (taken, true), "at `{place}`");
        }
    }

    #[test]
    fn the_checked_in_schema_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/labs/lab.schema.json");
        let current = schema();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &current).expect("the schema can be written");
        }
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            checked_in == current,
            "labs/lab.schema.json is old: `UPDATE_SCHEMA=1 cargo test checked_in_schema` makes it anew"
        );
    }
}
