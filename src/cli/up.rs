//! `lab up`: starts a lab and proves that it replicates.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum};
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::error::Holder;
use replication_lab::lab::labels::Claim;
use replication_lab::lab::up::{self, Options};
use replication_lab::lab::{Lab, LabError, cleanup};
use replication_lab::name::LabName;
use replication_lab::plan::Plan;
use replication_lab::report::table;
use replication_lab::report::up::UpReport;
use replication_lab::scenario::diagnostic::Position;
use replication_lab::scenario::load::Loaded;
use replication_lab::text::duration;
use replication_lab::verify;

use super::Context;
use super::arguments::{self, ScenarioArguments};
use super::output::{self, Output, say};
use super::progress::Shown;

const AFTER_HELP: &str = "\
Examples:
  lab up physical-sync                          a synchronous primary and standby
  lab up physical-sync --name second            a second lab of the same scenario
  lab up physical-sync --postgres 15 --replace  replace it by one on PostgreSQL 15
  lab up ./my-lab.yaml --output json            your own scenario, output for a program
  lab up cascade --set data.shopping.rows=1000000";

/// Start a lab, load its data and prove that it replicates.
///
/// Returns when the proof is done.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct UpCommand {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// The lab's name, for a second lab of the same scenario. Default: the scenario's name.
    #[arg(long)]
    name: Option<LabName>,
    /// Remove an existing lab of that name first.
    #[arg(long)]
    replace: bool,
    /// What to keep after a failure. An interrupt removes everything.
    #[arg(long, value_enum, default_value_t = KeepFailed::Never)]
    keep: KeepFailed,
    /// How long each wait may take: for a server to answer, a standby to stream, a row to arrive.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = arguments::duration)]
    within: Duration,
    /// Skip the proof that the lab replicates.
    #[arg(long)]
    no_verify: bool,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeepFailed {
    /// Nothing.
    Never,
    /// The lab as it was when it failed.
    Failed,
}

impl UpCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let (loaded, plan) = self.scenario.plan(self.name.as_ref())?;
        let docker = Engine::connect().await?;
        if self.replace {
            cleanup::remove_any(&docker, plan.lab.as_str()).await?;
        } else if let Some(done) = self.leave_alone(&docker, &plan).await? {
            return Ok(done);
        }
        let options = Options {
            keep: if self.keep == KeepFailed::Failed {
                up::Keep::Failed
            } else {
                up::Keep::Never
            },
            within: self.within,
            proof: (!self.no_verify).then_some(verify::proof),
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
            Err(error)
                if self.keep == KeepFailed::Failed
                    && !error.is_interrupt()
                    && !matches!(error, LabError::Leftover { .. }) =>
            {
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
        let has_password = up.lab.passfile().is_some();
        let report = UpReport::new(&up.lab, up.verdict, &up.timings, up.total);
        match self.output {
            Output::Json => output::json(&report)?,
            Output::Table => output::print_results(&text(&report))?,
        }
        if passed {
            if !context.quiet && self.output == Output::Table {
                let took = duration(up.total);
                say(&format!(
                    "{lab} is up after {took}; `lab psql {lab}` opens psql, `lab down {lab}` removes it"
                ));
                if has_password {
                    say(&format!(
                        "its servers ask for a password: `eval \"$(lab env {lab})\"` names the file with it to psql and other programs"
                    ));
                }
            }
            return Ok(Exit::Done);
        }
        self.failed(&docker, &up.lab.claim).await
    }

    /// Leaves an existing, complete lab of that name alone. One that is not what is asked for is an error.
    async fn leave_alone(&self, docker: &Engine, plan: &Plan) -> Result<Option<Exit>> {
        let began = Instant::now();
        let lab = match Lab::find(docker.clone(), &plan.lab).await {
            Ok(lab) if lab.is_complete => lab,
            Ok(_) | Err(LabError::NotFound { .. } | LabError::HalfMade { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(by) = unlike(&lab, plan) {
            let lab = plan.lab.clone();
            return Err(LabError::Taken { lab, by }.into());
        }
        let mut report = UpReport::new(&lab, None, &BTreeMap::new(), began.elapsed());
        report.already_up = true;
        match self.output {
            Output::Json => output::json(&report)?,
            Output::Table => output::print(&table::up(&report, output::width()))?,
        }
        let name = &plan.lab;
        let runs = lab.is_running();
        let state = if runs {
            "is already up"
        } else {
            "exists, but some of its nodes are not running"
        };
        say(&format!(
            "{name} {state}; nothing was changed: --replace replaces it, --name starts a second lab"
        ));
        if !runs {
            let topology = lab.topology().await;
            let mut nodes = lab.plan.nodes.iter();
            say(
                &match nodes.find_map(|node| lab.succession(&topology, &node.name)) {
                    Some(what) => format!("`lab status {name}` shows which; {what}"),
                    None => {
                        format!(
                            "`lab status {name}` shows which, `lab start {name} NODE` starts them"
                        )
                    }
                },
            );
        }
        if lab.plan.has_other_steps(plan) {
            say(&format!(
                "its steps are those of the file at the time of its `up`: `lab run {} --from 1 --name {name}` runs the present ones",
                self.scenario.lab
            ));
        }
        Ok(Some(if runs { Exit::Done } else { Exit::CheckFailed }))
    }

    async fn failed(&self, docker: &Engine, claim: &Claim) -> Result<Exit> {
        let lab = &claim.lab;
        if self.keep == KeepFailed::Failed {
            say(&format!(
                "{lab} failed its proof and was kept: `lab status {lab}`, `lab logs {lab}`"
            ));
        } else {
            cleanup::remove(docker, claim).await?;
            say(&format!(
                "{lab} failed its proof and was removed; --keep failed keeps it"
            ));
        }
        Ok(Exit::CheckFailed)
    }
}

/// Why an existing lab of the name is not the one that is asked for.
fn unlike(lab: &Lab, plan: &Plan) -> Option<Holder> {
    if lab.plan.scenario != plan.scenario {
        return Some(Holder::Scenario(lab.plan.scenario.to_string()));
    }
    if let Some(process) = &lab.made_by {
        return Some(Holder::InUse(process.clone()));
    }
    let differences = lab.plan.differences(plan);
    (!differences.is_empty()).then_some(Holder::Unlike(differences))
}

/// The setting that a server refused, and its position in the scenario.
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
        .map(|verdict| table::verdict(verdict, output::width()) + "\n")
        .unwrap_or_default();
    checks + &table::up(report, output::width())
}
