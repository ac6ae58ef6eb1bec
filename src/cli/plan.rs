//! `lab plan`: shows what `up` would do.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::name::LabName;
use replication_lab::plan::{self, PlannedFile};
use replication_lab::report::topology;
use replication_lab::scenario::services::ServiceName;
use serde::Serialize;

use super::arguments::ScenarioArguments;
use super::output::{self, Output};

/// Show what `up` would do: nodes, order, files. Needs no Docker.
///
/// Addresses are shown as `<node>`. The name of an existing lab shows what its `up` did.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab plan physical-sync\n  lab plan fan-out --set postgres=15 --output json"
)]
pub(super) struct PlanCommand {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// The lab's name. Default: the scenario's name.
    #[arg(long)]
    name: Option<LabName>,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    plan: &'a plan::Plan,
    files: Vec<NodeFiles>,
    /// The servers registered in pgAdmin, if the lab has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pgadmin_servers: Option<serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct NodeFiles {
    node: String,
    files: Vec<PlannedFile>,
}

impl PlanCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let (_, plan) = self.scenario.plan_or_existing(self.name.as_ref()).await?;
        let plan: plan::Plan = serde_json::from_value(plan.hidden().plan)?;
        let files = |node: &plan::PlannedNode| NodeFiles {
            node: node.name.to_string(),
            files: node.files(),
        };
        let planned = Planned {
            plan: &plan,
            files: plan.nodes.iter().map(files).collect(),
            pgadmin_servers: plan
                .services
                .iter()
                .any(|service| service.name == ServiceName::Pgadmin)
                .then(|| plan.pgadmin_servers()),
        };
        match self.output {
            Output::Json => output::json(&planned)?,
            Output::Table => output::print(&text(&planned))?,
        }
        Ok(Exit::Done)
    }
}

fn text(planned: &Planned<'_>) -> String {
    let plan = planned.plan;
    let mut text = format!(
        "lab {} from scenario {}\n\n{}\n",
        plan.lab,
        plan.scenario,
        topology::draw(plan)
    );
    let user = &plan.replication_user;
    _ = writeln!(
        text,
        "replication user: {} by {}, connection limit {}",
        user.name, plan.auth, user.connection_limit
    );
    _ = writeln!(text, "the host: by {}", plan.host_auth);
    _ = writeln!(text, "database: {}", plan.database);
    for data in plan.datasets() {
        _ = writeln!(text, "dataset: {data}");
    }
    for node in &plan.nodes {
        for publication in &node.publications {
            _ = writeln!(text, "{}: {}", node.name, publication.create);
        }
        for subscription in &node.subscriptions {
            _ = writeln!(text, "{}: {}", node.name, subscription.create);
        }
    }
    if let Some(subnet) = &plan.subnet {
        _ = writeln!(text, "network: {subnet}");
    }
    for node in &plan.nodes {
        if let Some(port) = node.port {
            _ = writeln!(text, "{}: on port {port}", node.name);
        }
        let words = node.limits.words();
        if !words.is_empty() {
            _ = writeln!(text, "{}: at most {words}", node.name);
        }
    }
    for service in &plan.services {
        let port = service.port.map_or_else(
            || "a port that Docker chooses".to_owned(),
            |port| format!("port {port}"),
        );
        _ = writeln!(text, "{}: {service}, on {port}", service.name);
    }
    if let Some(servers) = &planned.pgadmin_servers {
        _ = writeln!(text, "\n── pgadmin: servers.json ──\n{servers:#}");
    }
    for node in &planned.files {
        for file in &node.files {
            _ = writeln!(
                text,
                "\n── {}: {} ──\n{}",
                node.node,
                file.path,
                file.content.trim_end()
            );
        }
    }
    text
}
