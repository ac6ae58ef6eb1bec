//! `lab show`: shows what a lab teaches, its topology and its steps.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use replication_lab::action::Step;
use replication_lab::exit::Exit;
use replication_lab::report::topology;
use serde::Serialize;

use super::arguments::ScenarioArguments;
use super::output::{self, Output};

/// Show what a lab teaches, its topology and its steps.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lab show cascade\n  lab show ./my-lab.yaml")]
pub(super) struct ShowCommand {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct ScenarioReport {
    name: String,
    title: String,
    about: String,
    topology: String,
    data: Vec<String>,
    steps: Vec<ShownStep>,
}

#[derive(Debug, Serialize)]
struct ShownStep {
    name: Option<String>,
    say: Option<String>,
    what: String,
}

impl ShowCommand {
    pub(super) fn run(self) -> Result<Exit> {
        let (loaded, plan) = self.scenario.plan(None)?;
        let scenario = loaded.scenario;
        let shown = ScenarioReport {
            name: scenario.name.to_string(),
            title: scenario.title,
            about: scenario.about,
            topology: topology::draw(&plan),
            data: plan.datasets().iter().map(ToString::to_string).collect(),
            steps: plan.steps.iter().map(shown_step).collect(),
        };
        if self.output == Output::Json {
            output::json(&shown)?;
            return Ok(Exit::Done);
        }
        let data = if shown.data.is_empty() {
            "none".to_owned()
        } else {
            shown.data.join(", ")
        };
        output::print(&format!(
            "{}: {}\n\n{}\n\n{}\ndata: {data}, in database {}\n{}\nlab {} {}\n",
            shown.name,
            shown.title,
            shown.about.trim(),
            shown.topology,
            plan.database,
            steps(&shown.steps),
            if shown.steps.is_empty() { "up" } else { "run" },
            self.scenario.lab,
        ))?;
        Ok(Exit::Done)
    }
}

fn shown_step(step: &Step) -> ShownStep {
    ShownStep {
        name: step.name.as_ref().map(ToString::to_string),
        say: step.say.clone(),
        what: step.describe(),
    }
}

/// The steps, each after its `say`.
fn steps(steps: &[ShownStep]) -> String {
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        for line in step.say.iter().flat_map(|say| say.trim().lines()) {
            _ = writeln!(text, "\n    {line}");
        }
        _ = writeln!(text, "{:>3} {}", index + 1, step.what);
    }
    if text.is_empty() {
        text
    } else {
        format!("\nsteps:{text}")
    }
}
