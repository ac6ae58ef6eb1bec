//! The services of a lab.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Plan;
use crate::scenario::Scenario;
use crate::scenario::services::{Service, ServiceName};
use crate::server::{PORT, SUPERUSER};

/// The version of pgAdmin that is pulled or built.
pub const PGADMIN_VERSION: &str = "9.18";

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedService {
    /// Its name, which is also its host name inside the network.
    pub name: ServiceName,
    /// Its image.
    pub image: ServiceImage,
    /// Its port on the host, if the scenario sets one.
    pub port: Option<u16>,
}

/// The image of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceImage {
    /// This version. The image is found, pulled or built.
    Version(String),
    /// This image, unchanged.
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
    /// The document `servers.json` of pgAdmin. It registers each node by host name for the superuser, in a group named
    /// after the lab.
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
                    // With a password file, even an empty one, pgAdmin does not ask for a password.
                    "ConnectionParameters": { "sslmode": "prefer", "connect_timeout": 10, "passfile": "/dev/null" },
                });
                ((index + 1).to_string(), server)
            })
            .collect();
        json!({ "Servers": servers })
    }
}
