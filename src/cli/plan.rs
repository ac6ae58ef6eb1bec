//! `lab plan`: what `up` would do.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::name::LabName;
use replication_lab::plan::{self, PlannedFile};
use replication_lab::report::topology;
use serde::Serialize;

use super::arguments::ScenarioArguments;
use super::output::{self, Output};

/// What `up` would do: nodes, order, files with their content; needs no Docker. Addresses stand as `<node>`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab plan physical-sync\n  lab plan fan-out --set postgres=15 --output json"
)]
pub(super) struct Plan {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// The lab's name, where it is not the scenario's.
    #[arg(long)]
    name: Option<LabName>,
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    plan: &'a plan::Plan,
    files: Vec<NodeFiles>,
}

#[derive(Debug, Serialize)]
struct NodeFiles {
    node: String,
    files: Vec<PlannedFile>,
}

impl Plan {
    pub(super) fn run(self) -> Result<Exit> {
        let (_, plan) = self.scenario.plan(self.name.as_ref())?;
        let files = |node: &plan::PlannedNode| NodeFiles {
            node: node.name.to_string(),
            files: node.files(),
        };
        let planned = Planned {
            plan: &plan,
            files: plan.nodes.iter().map(files).collect(),
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
