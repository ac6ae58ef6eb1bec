//! The services of a lab as they will be.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Plan;
use crate::scenario::Scenario;
use crate::scenario::services::{Service, ServiceName};
use crate::server::{PORT, SUPERUSER};

/// The version of pgAdmin that is pulled or built.
pub const PGADMIN_VERSION: &str = "9.18";

/// One service as it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedService {
    /// Its name, which is also its host name inside the network.
    pub name: ServiceName,
    /// What it runs.
    pub image: ServiceImage,
    /// Its port on the host, where the scenario wants a certain one.
    pub port: Option<u16>,
}

/// What a service runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceImage {
    /// That version: the image is found, pulled or built.
    Version(String),
    /// That image, used as it stands.
    Named(String),
}

impl fmt::Display for PlannedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.name {
            ServiceName::Pgadmin => "pgAdmin",
        };
        match &self.image {
            ServiceImage::Version(version) => write!(f, "{what} {version}"),
            ServiceImage::Named(image) => write!(f, "{what}, image {image}"),
        }
    }
}

pub(super) fn of(scenario: &Scenario) -> Vec<PlannedService> {
    let planned = |(name, service): &(ServiceName, Service)| PlannedService {
        name: *name,
        image: service.image.clone().map_or_else(
            || ServiceImage::Version(PGADMIN_VERSION.to_owned()),
            ServiceImage::Named,
        ),
        port: service.port,
    };
    scenario.services.0.iter().map(planned).collect()
}

impl Plan {
    /// The servers that pgAdmin has registered, in a group named after the lab, as its own document for that: each
    /// node, for the superuser, by host name.
    #[must_use]
    pub fn pgadmin_servers(&self) -> serde_json::Value {
        let servers: serde_json::Map<_, _> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(index, node)| {
                let server = json!({
                    "Name": node.name,
                    "Group": self.lab,
                    "Host": node.name,
                    "Port": PORT,
                    "MaintenanceDB": self.database,
                    "Username": SUPERUSER,
                    // Where it has a password file, even an empty one, pgAdmin does not ask for a password.
                    "ConnectionParameters": { "sslmode": "prefer", "connect_timeout": 10, "passfile": "/dev/null" },
                });
                ((index + 1).to_string(), server)
            })
            .collect();
        json!({ "Servers": servers })
    }
}
