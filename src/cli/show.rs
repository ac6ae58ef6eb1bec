//! `lab show`: what a lab teaches, and its topology drawn.

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::report::topology;
use serde::Serialize;

use super::arguments::ScenarioArguments;
use super::output::{self, Output};

/// What a lab teaches, and its topology drawn.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lab show cascade\n  lab show ./my-lab.yaml")]
pub(super) struct Show {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    title: String,
    about: String,
    topology: String,
    data: Vec<String>,
}

impl Show {
    pub(super) fn run(self) -> Result<Exit> {
        let (loaded, plan) = self.scenario.plan(None)?;
        let scenario = loaded.scenario;
        let shown = Shown {
            name: scenario.name.to_string(),
            title: scenario.title,
            about: scenario.about,
            topology: topology::draw(&plan),
            data: plan.datasets().iter().map(ToString::to_string).collect(),
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
            "{}: {}\n\n{}\n\n{}\ndata: {data}, in database {}\n\nlab up {}\n",
            shown.name,
            shown.title,
            shown.about.trim(),
            shown.topology,
            plan.database,
            self.scenario.lab,
        ))?;
        Ok(Exit::Done)
    }
}
