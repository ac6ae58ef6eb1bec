//! Services: tools beside the nodes of a lab, for people.
//!
//! Owns which services there are, and their keys. A service's name is a host name of the lab's network, as a node's is.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::NodeName;

/// The kind of a service.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ServiceName {
    /// pgAdmin, with the lab's servers registered.
    Pgadmin,
}

impl ServiceName {
    /// All services.
    pub const ALL: [Self; 1] = [Self::Pgadmin];

    /// The key in the scenario, which is also its host name inside the lab's network.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pgadmin => "pgadmin",
        }
    }

    /// The name by which lines of `pg_hba.conf` know it.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the names are valid")]
    pub fn host(self) -> NodeName {
        NodeName::new(self.as_str()).expect("a valid literal")
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct Service {
    /// Its image: `dpage/pgadmin4:9.18`. Default: found, pulled or built.
    pub image: Option<String>,
    /// Its port on 127.0.0.1. Default: Docker chooses a free one.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
}

/// The services, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Services(pub Vec<(ServiceName, Service)>);

impl Services {
    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = ServiceName> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl JsonSchema for Services {
    fn schema_name() -> Cow<'static, str> {
        "Services".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let service = generator.subschema_for::<Service>();
        let services: serde_json::Map<_, _> = ServiceName::ALL
            .iter()
            // `pgadmin:` without a value is a service without keys.
            .map(|name| {
                let either = serde_json::json!({ "oneOf": [service, { "type": "null" }] });
                (name.to_string(), either)
            })
            .collect();
        schemars::json_schema!({
            "type": "object", "additionalProperties": false, "properties": services
        })
    }
}
