//! The document that `lab up --output json` prints. Its keys are an interface.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::engine::Container;
use crate::event::Phase;
use crate::lab::{HOST, Lab, url};
use crate::plan::{PlannedService, Role};
use crate::server::SUPERUSER;
use crate::verify::Verdict;

/// A lab that is up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UpReport {
    /// The lab's name.
    pub lab: String,
    /// The scenario of the lab.
    pub scenario: String,
    /// Whether the lab was up before, so that nothing was done.
    pub already_up: bool,
    /// The nodes, upstreams first.
    pub nodes: Vec<NodeReport>,
    /// The services.
    pub services: Vec<ServiceReport>,
    /// The proof. Missing if it was skipped, or if the lab was up before.
    pub verification: Option<Verdict>,
    /// Milliseconds by phase, and `total`. Phases overlap.
    pub timings_ms: BTreeMap<String, f64>,
}

/// How to reach a node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeReport {
    /// The name, which is also the host name inside the network.
    pub name: String,
    /// `primary` or `standby`.
    pub role: String,
    /// The node that it streams from.
    pub upstream: Option<String>,
    /// The container's name.
    pub container: String,
    /// The image.
    pub image: String,
    /// The address inside the lab's network.
    pub address: Option<String>,
    /// The host's address where its port is published.
    pub host: String,
    /// The port on the host.
    pub port: Option<u16>,
    /// The superuser's connection string on the host.
    pub dsn: Option<String>,
    /// The password file for it, if the server asks for a password: libpq takes it from `PGPASSFILE`.
    pub passfile: Option<String>,
    /// The lab's database.
    pub database: String,
}

/// How to reach a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceReport {
    /// The name, which is also the host name inside the network.
    pub name: String,
    /// The container's name.
    pub container: String,
    /// The image.
    pub image: String,
    /// The address inside the lab's network.
    pub address: Option<String>,
    /// The host's address where its port is published.
    pub host: String,
    /// The port on the host.
    pub port: Option<u16>,
    /// The address for a browser on this host.
    pub url: Option<String>,
}

/// Milliseconds with two decimals.
#[must_use]
pub fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e5).round() / 100.0
}

/// The superuser's connection string for a published port.
#[must_use]
pub fn dsn(port: u16, database: &str) -> String {
    format!("postgresql://{SUPERUSER}@{HOST}:{port}/{database}")
}

impl UpReport {
    /// The report of a lab.
    #[must_use]
    pub fn new(
        lab: &Lab,
        verification: Option<Verdict>,
        timings: &BTreeMap<Phase, Duration>,
        total: Duration,
    ) -> Self {
        let mut timings_ms: BTreeMap<String, f64> = timings
            .iter()
            .map(|(phase, took)| (phase.key().to_owned(), millis(*took)))
            .collect();
        timings_ms.insert("total".to_owned(), millis(total));
        Self {
            lab: lab.plan.lab.to_string(),
            scenario: lab.plan.scenario.to_string(),
            already_up: false,
            nodes: nodes(lab),
            services: services(lab),
            verification,
            timings_ms,
        }
    }
}

/// How to reach each node of a lab.
#[must_use]
pub fn nodes(lab: &Lab) -> Vec<NodeReport> {
    let database = lab.plan.database.as_str();
    let passfile = lab.passfile().map(|file| file.display().to_string());
    let report =
        |(node, container): (&crate::plan::PlannedNode, Option<&crate::engine::Container>)| {
            let port = container.and_then(|found| found.port);
            NodeReport {
                name: node.name.to_string(),
                role: node.role.word().to_owned(),
                upstream: match &node.role {
                    Role::Primary => None,
                    Role::Standby(standby) => Some(standby.upstream.to_string()),
                },
                container: container
                    .map(|found| found.name.clone())
                    .unwrap_or_default(),
                image: container
                    .map(|found| found.image.clone())
                    .unwrap_or_default(),
                address: container
                    .and_then(|found| found.address)
                    .map(|address| address.to_string()),
                host: HOST.to_owned(),
                port,
                dsn: port.map(|port| dsn(port, database)),
                passfile: passfile.clone(),
                database: database.to_owned(),
            }
        };
    lab.nodes().map(report).collect()
}

/// How to reach each service of a lab.
#[must_use]
pub fn services(lab: &Lab) -> Vec<ServiceReport> {
    let report = |(service, container): (&PlannedService, Option<&Container>)| {
        let port = container.and_then(|found| found.port);
        let text = |of: fn(&Container) -> &String| container.map(of).cloned().unwrap_or_default();
        ServiceReport {
            name: service.name.to_string(),
            container: text(|found| &found.name),
            image: text(|found| &found.image),
            address: container
                .and_then(|found| found.address)
                .map(|address| address.to_string()),
            host: HOST.to_owned(),
            port,
            url: port.map(url),
        }
    };
    lab.services().map(report).collect()
}
