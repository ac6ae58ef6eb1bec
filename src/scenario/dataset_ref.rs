//! The datasets that a scenario names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;

use crate::name::DatasetName;

/// A dataset to load: a name alone, or a name with its size, or SQL files of one's own.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetRef {
    /// `shopping`, `jobs`, or any name with `files`.
    pub name: DatasetName,
    /// How many rows the dataset's largest table gets. A dataset has its own default.
    pub rows: Option<u64>,
    /// The same seed gives the same rows.
    pub seed: Option<u32>,
    /// SQL files that make its tables, relative to the scenario file, run before `files`. A subscriber gets these alone.
    pub schema: Vec<PathBuf>,
    /// SQL files, relative to the scenario file, run in order. They may read `current_setting('lab.rows')` and
    /// `current_setting('lab.seed')`.
    pub files: Vec<PathBuf>,
}

impl JsonSchema for DatasetRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dataset".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let name = generator.subschema_for::<DatasetName>();
        schemars::json_schema!({
            "description": "A dataset: `shopping`, `jobs`, or one's own with `files`.",
            "anyOf": [
                name.clone(),
                {
                    "type": "object", "additionalProperties": false, "required": ["name"],
                    "properties": {
                        "name": name,
                        "rows": { "type": "integer", "minimum": 1, "maximum": 100_000_000,
                            "description": "How many rows the largest table gets." },
                        "seed": { "type": "integer", "minimum": 0, "maximum": u32::MAX,
                            "description": "The same seed gives the same rows." },
                        "schema": { "type": "array", "items": { "type": "string" },
                            "description": "SQL files that make the tables, run before `files`. A subscriber gets these alone." },
                        "files": { "type": "array", "items": { "type": "string" },
                            "description": "SQL files below the scenario's folder, run in order." }
                    }
                }
            ]
        })
    }
}

/// SQL of a dataset, by file name, read when the scenario was loaded.
pub type SqlFiles = BTreeMap<String, String>;
