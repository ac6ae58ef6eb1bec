//! `lab show`: shows what a lab teaches, its topology and its steps.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use replication_lab::action::sql::Sql;
use replication_lab::action::{Action, Step};
use replication_lab::exit::Exit;
use replication_lab::name::NodeName;
use replication_lab::report::topology;
use replication_lab::sql::password::without_passwords;
use serde::Serialize;

use super::arguments::ScenarioArguments;
use super::output::{self, Output};

/// Show what a lab teaches, its topology and its steps.
///
/// The name of an existing lab shows what it was made as.
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
    #[serde(skip)]
    node: Option<NodeName>,
    /// The statements as they are written, without passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
}

impl ShowCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let (about, plan) = self.scenario.plan_or_existing(None).await?;
        let exists = about.is_none();
        let shown = ScenarioReport {
            name: plan.lab.to_string(),
            title: plan.title.clone(),
            about: about.unwrap_or_default(),
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
        let about = match shown.about.trim() {
            "" => String::new(),
            about => format!("{about}\n\n"),
        };
        let next = match (exists, shown.steps.is_empty()) {
            (true, _) => "status",
            (false, true) => "up",
            (false, false) => "run",
        };
        output::print(&format!(
            "{}: {}\n\n{about}{}\ndata: {data}, in database {}\n{}\nlab {next} {}\n",
            shown.name,
            shown.title,
            shown.topology,
            plan.database,
            steps(&shown.steps),
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
        node: step.on.clone(),
        sql: match &step.action {
            Action::Sql(Sql(text)) => Some(without_passwords(text.trim())),
            _ => None,
        },
    }
}

/// A step in one line, or its statements whole if they do not fit one.
fn what(step: &ShownStep) -> String {
    let Some(sql) = step.sql.as_ref().filter(|_| step.what.ends_with('…')) else {
        return step.what.clone();
    };
    let node = step.node.as_ref();
    let node = node.map_or_else(String::new, |node| format!("{node}:"));
    let lines = sql.lines().map(|line| format!("\n      {line}"));
    node + &lines.collect::<String>()
}

/// The steps, each after its `say`.
fn steps(steps: &[ShownStep]) -> String {
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        for line in step.say.iter().flat_map(|say| say.trim().lines()) {
            _ = writeln!(text, "\n    {line}");
        }
        _ = writeln!(text, "{:>3} {}", index + 1, what(step));
    }
    if text.is_empty() {
        text
    } else {
        format!("\nsteps:{text}")
    }
}
