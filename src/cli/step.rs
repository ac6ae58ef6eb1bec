//! `lab step`: runs the steps of a running lab, one at a time.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::lab::{Lab, LabError};
use replication_lab::report::run::{About, RunReport};
use replication_lab::run::experiment::Ran;
use replication_lab::run::{self, Walked, by_hand};
use serde::Serialize;

use super::Context;
use super::arguments::{self, LabArgument};
use super::failure::Misuse;
use super::output::{self, Output, say};
use super::progress::Shown;

const AFTER_HELP: &str = "\
Examples:
  lab up ./mine.yaml && lab step mine           run the first step
  lab step mine                                 run the next step, or repeat a failed one
  lab step mine --show                          show the next step without running it
  lab step mine --all                           run all remaining steps

Steps that share a session run together, and are repeated together if one of them fails: a session ends with the process that \
opened it. The steps are those of the file at the time of `lab up`; `lab run FILE --from STEP` reads the file again. The lab's \
labels store which steps are done; `lab down` removes them.";

/// Run the next step of a running lab.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct StepCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// Show the next step without running it.
    #[arg(long, conflicts_with = "all")]
    show: bool,
    /// Run all remaining steps, until one fails.
    #[arg(long)]
    all: bool,
    /// How long a step without `within` may wait.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::duration)]
    within: Duration,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// A step that is not done yet.
#[derive(Debug, Serialize)]
struct Coming {
    number: usize,
    name: Option<String>,
    say: Option<String>,
    what: String,
}

#[derive(Debug, Serialize)]
struct Stepped {
    #[serde(flatten)]
    walked: Walked,
    /// The next steps; empty when all are done.
    next: Vec<Coming>,
}

impl StepCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let lab = self.lab.enter().await?;
        if !lab.is_complete {
            let lab = self.lab.name.clone();
            let missing = "its `lab up` still runs or was killed".to_owned();
            return Err(LabError::HalfMade { lab, missing }.into());
        }
        if lab.plan.steps.is_empty() {
            let lab = &self.lab.name;
            return Err(Misuse {
                message: format!("the scenario of lab `{lab}` has no steps"),
                hint: Some("add `steps:` to the scenario and bring the lab up again".to_owned()),
            }
            .into());
        }
        let mut walked = Walked {
            passed: true,
            steps: Vec::new(),
            logs: Vec::new(),
            state: None,
            captured: run::Captured::new(),
        };
        let began = Instant::now();
        let mut again = !self.show;
        while again {
            let Some(steps) = by_hand::next(&lab).await? else {
                break;
            };
            let options = run::StepOptions {
                within: self.within,
                ..run::StepOptions::default()
            };
            let shown = Shown::new(context);
            let stepping = by_hand::part(&lab, steps, &options, shown.reporter(), &context.cancel);
            let done = Box::pin(stepping).await;
            drop(shown);
            let done = match done {
                Err(error) if error.is_interrupt() => {
                    say(&format!("interrupted; `{}` still exists", self.lab.name));
                    return Ok(Exit::Interrupted);
                }
                done => done?,
            };
            walked.steps.extend(done.steps);
            (walked.passed, walked.logs, walked.state) = (done.passed, done.logs, done.state);
            again = self.all && walked.passed;
        }
        let next = coming(&lab).await?;
        let passed = walked.passed;
        match self.output {
            Output::Json => output::json(&Stepped { walked, next })?,
            Output::Table => {
                if !walked.steps.is_empty() {
                    output::print(&text(&lab, walked, began.elapsed()))?;
                }
                self.tell(context, &next, lab.plan.steps.len())?;
            }
        }
        Ok(if passed {
            Exit::Done
        } else {
            Exit::CheckFailed
        })
    }

    /// Shows the next steps: as data with `--show`, else as a message.
    fn tell(&self, context: &Context, next: &[Coming], of: usize) -> Result<()> {
        let mut lines = Vec::new();
        for step in next {
            for line in step.say.iter().flat_map(|say| say.trim().lines()) {
                lines.push(format!("    {line}"));
            }
            lines.push(format!("{:>3} {}", step.number, step.what));
        }
        if lines.is_empty() {
            lines.push(format!("all {of} steps of `{}` are done", self.lab.name));
        }
        if self.show {
            return output::print(&(lines.join("\n") + "\n"));
        }
        if !context.quiet {
            if !next.is_empty() {
                say("next:");
            }
            say(&lines.join("\n"));
        }
        Ok(())
    }
}

async fn coming(lab: &Lab) -> Result<Vec<Coming>> {
    let next = by_hand::next(lab).await?.unwrap_or_default();
    let steps = lab.plan.steps.iter().enumerate();
    let steps = steps.skip(next.start).take(next.len());
    Ok(steps
        .map(|(at, step)| Coming {
            number: at + 1,
            name: step.name.as_ref().map(ToString::to_string),
            say: step.say.clone(),
            what: step.describe(),
        })
        .collect())
}

/// The steps in the form of `lab run`, without lines of the file: it may have changed.
fn text(lab: &Lab, walked: Walked, took: Duration) -> String {
    let plan = &lab.plan;
    let ran = Ran {
        lab: plan.lab.clone(),
        skipped: None,
        passed: walked.passed,
        kept: true,
        verdict: None,
        walked,
        up_took: Duration::ZERO,
        took,
    };
    let about = About {
        lab: &plan.lab,
        scenario: plan.scenario.as_str(),
        file: plan.scenario.as_str(),
        steps: &[],
        line: &|_| None,
    };
    RunReport::new(ran, &about).text(output::width())
}
