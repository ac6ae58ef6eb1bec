//! `lab up`: from a scenario to a lab that is proven to replicate.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum};
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::up::{self, Options};
use replication_lab::lab::{Lab, LabError, cleanup};
use replication_lab::name::LabName;
use replication_lab::plan::Plan;
use replication_lab::report::table;
use replication_lab::report::up::UpReport;
use replication_lab::scenario::diagnostic::Position;
use replication_lab::scenario::load::Loaded;
use replication_lab::text::duration;

use super::Context;
use super::arguments::{self, ScenarioArguments};
use super::output::{self, Output, say};
use super::progress::Shown;

const AFTER_HELP: &str = "\
Examples:
  lab up physical-sync                          the tutorial's synchronous pair
  lab up physical-sync --name second            another one beside it
  lab up physical-sync --postgres 15 --replace  anew, on PostgreSQL 15
  lab up ./my-lab.yaml --output json            a scenario of your own, for a program
  lab up cascade --set data.shopping.rows=1000000";

/// Brings a lab up, fills it and proves that it replicates. Returns when it does, not before.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Up {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// The lab's name, where it is not the scenario's: for a second one beside it.
    #[arg(long)]
    name: Option<LabName>,
    /// Remove a lab of that name first.
    #[arg(long)]
    replace: bool,
    /// What a failure leaves behind. An interrupt leaves nothing.
    #[arg(long, value_enum, default_value_t = Keep::Never)]
    keep: Keep,
    /// How long each wait may take: for a server to answer, a standby to stream, a row to arrive.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = arguments::duration)]
    within: Duration,
    /// Do not prove that it replicates.
    #[arg(long)]
    no_verify: bool,
    /// How the result is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Keep {
    /// Nothing.
    Never,
    /// Everything, as it was when it failed.
    Failed,
}

impl Up {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let (loaded, plan) = self.scenario.plan(self.name.as_ref())?;
        let docker = Engine::connect().await?;
        if self.replace {
            cleanup::remove_any(&docker, plan.lab.as_str())
                .await
                .map_err(LabError::from)?;
        } else if let Some(done) = self.leave_alone(&docker, &plan).await? {
            return Ok(done);
        }
        let options = Options {
            keep: if self.keep == Keep::Failed {
                up::Keep::Failed
            } else {
                up::Keep::Never
            },
            within: self.within,
            verify: !self.no_verify,
            for_this_process: false,
        };
        let lab = plan.lab.clone();
        let shown = Shown::new(context);
        let up = Box::pin(up::up(
            &docker,
            plan,
            &options,
            shown.reporter(),
            &context.cancel,
        ))
        .await;
        drop(shown);
        let up = match up {
            Err(error) if self.keep == Keep::Failed && !error.is_interrupt() => {
                point_at(&loaded, &self.scenario.lab, &error);
                say(&format!(
                    "kept: `lab status {lab}`, `lab logs {lab}`; `lab down {lab}` removes it"
                ));
                return Err(error.into());
            }
            Err(error) => {
                point_at(&loaded, &self.scenario.lab, &error);
                return Err(error.into());
            }
            Ok(up) => up,
        };
        let passed = up.verdict.as_ref().is_none_or(|verdict| verdict.passed);
        let report = UpReport::new(&up.lab, up.verdict, &up.timings, up.total);
        match self.output {
            Output::Json => output::json(&report)?,
            Output::Table => output::print(&text(&report))?,
        }
        if passed {
            if !context.quiet && self.output == Output::Table {
                let took = duration(up.total);
                say(&format!(
                    "{lab} is up after {took}; `lab psql {lab}` opens it, `lab down {lab}` removes it"
                ));
            }
            return Ok(Exit::Done);
        }
        self.failed(&docker, &lab).await
    }

    /// A lab of that name that is complete stays as it is.
    async fn leave_alone(&self, docker: &Engine, plan: &Plan) -> Result<Option<Exit>> {
        let began = Instant::now();
        let lab = match Lab::find(docker.clone(), &plan.lab).await {
            Ok(lab) if lab.is_complete => lab,
            Ok(_) | Err(LabError::NotFound { .. } | LabError::HalfMade { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let mut report = UpReport::new(&lab, None, &BTreeMap::new(), began.elapsed());
        report.already_up = true;
        match self.output {
            Output::Json => output::json(&report)?,
            Output::Table => output::print(&table::up(&report))?,
        }
        let name = &plan.lab;
        let runs = lab.is_running();
        let state = if runs {
            "is up already"
        } else {
            "exists, and not all of it runs"
        };
        say(&format!(
            "{name} {state}, and was left alone; --replace makes it anew, --name a second one beside it"
        ));
        if !runs {
            say(&format!(
                "`lab status {name}` shows what does not run, `lab start {name} NODE` starts it"
            ));
        }
        if lab.plan.differs_from(plan) {
            say(&format!(
                "it was made from another plan than this one: `lab plan {}` shows this one",
                self.scenario.lab
            ));
        }
        Ok(Some(if runs { Exit::Done } else { Exit::CheckFailed }))
    }

    async fn failed(&self, docker: &Engine, lab: &LabName) -> Result<Exit> {
        if self.keep == Keep::Failed {
            say(&format!(
                "{lab} does not do what it should, and was kept: `lab status {lab}`, `lab logs {lab}`"
            ));
        } else {
            cleanup::remove(docker, lab).await.map_err(LabError::from)?;
            say(&format!(
                "{lab} does not do what it should, and was removed; --keep failed keeps it"
            ));
        }
        Ok(Exit::CheckFailed)
    }
}

/// Where in the scenario the setting stands that a server blames.
pub(super) fn blamed<'e>(loaded: &Loaded, error: &'e LabError) -> Option<(&'e str, Position)> {
    let LabError::NodeEnded {
        node,
        blame: Some(blame),
        ..
    } = error
    else {
        return None;
    };
    let at = loaded.locate(&format!("nodes.{node}.conf.{}", blame.setting))?;
    Some((&blame.setting, at))
}

fn point_at(loaded: &Loaded, file: &str, error: &LabError) {
    if let Some((setting, at)) = blamed(loaded, error) {
        let place = format!("{file}:{}:{}", at.line, at.column);
        say(&format!("the scenario sets `{setting}` at {place}"));
    }
}

fn text(report: &UpReport) -> String {
    let checks = report
        .verification
        .as_ref()
        .map(|verdict| table::verdict(verdict) + "\n")
        .unwrap_or_default();
    checks + &table::up(report)
}
