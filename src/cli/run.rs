//! `lab run`: scenarios as tests.

mod reports;
mod several;
mod target;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum};
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::up;
use replication_lab::lab::{Lab, LabError, cleanup};
use replication_lab::name::LabName;
use replication_lab::report::run::RunReport;
use replication_lab::run as walk;
use replication_lab::run::experiment::{self, ExperimentOptions};
use replication_lab::text::duration;

use super::Context;
use super::arguments::{self, Changes};
use super::failure::{self, Misuse};
use super::output::{self, Output, say};
use super::progress::Shown;
use reports::ReportTo;
use target::Target;

const AFTER_HELP: &str = "\
Examples:
  lab run error-slot-in-use                     up, every step, down; exit code 1 when a step fails
  lab run ./mine.yaml --keep failed             leave the lab there when a step fails
  lab run ./mine.yaml --from 3                  the steps from the third on, of the lab that was kept
  lab run ./labs/*.yaml --jobs 2                several labs, two at once; a summary in the end
  lab run ./mine.yaml --report junit=run.xml --report tap=-
  lab run physical-sync --output json | jq '.steps[] | {number, took_ms, seen}'

Of several labs the exit code is 1 when a step or a proof failed, else 3 when a lab could not be run.";

/// Brings labs up, walks through their steps, checks what each must bring, and takes them away. A lab without steps is
/// proven to replicate.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Run {
    /// Labs of the catalogue (`lab list`), or paths of scenario files.
    #[arg(required = true, value_name = "LAB", value_hint = clap::ValueHint::FilePath)]
    labs: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    /// The lab's name, where it is not the scenario's.
    #[arg(long)]
    name: Option<LabName>,
    /// How many labs run at once. As many as there are cores where silent, and at most eight.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    jobs: Option<u16>,
    /// Remove a lab of that name first.
    #[arg(long, conflicts_with = "from")]
    replace: bool,
    /// When the lab stays, as its steps left it: its teardown does not happen then. An interrupt leaves nothing.
    #[arg(long, value_enum, default_value_t = Keep::Never)]
    keep: Keep,
    /// Begin with this step, by its number or name, on the lab as it was kept. It stays there.
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// How long a step waits where it does not say.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::duration)]
    within: Duration,
    /// Do not prove that it replicates before the first step.
    #[arg(long)]
    no_verify: bool,
    /// Write a report for other programs as well: `junit=FILE`, `tap=FILE` or `json=FILE`; `-` is standard output. May be
    /// repeated.
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<ReportTo>,
    /// How the result is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Keep {
    /// Never.
    Never,
    /// When a step failed.
    Failed,
    /// Whatever became of it.
    Always,
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let Some(targets) = target::all(
            &self.labs,
            &self.changes,
            self.name.as_ref(),
            !self.no_verify,
        )?
        else {
            return Ok(Exit::Usage);
        };
        reports::check(&self.report, self.output)?;
        let took = Instant::now();
        if let [target] = targets.as_slice() {
            let options = self.options(Some(target))?;
            let (report, failed) = Box::pin(self.one(context, target, &options)).await?;
            reports::write(&self.report, std::slice::from_ref(&report), took.elapsed())?;
            return self.tell(context, &report, failed);
        }
        if self.from.is_some() {
            return Err(Misuse {
                message: "`--from` goes on with one lab, and several are named".to_owned(),
                hint: Some("name the lab that was kept".to_owned()),
            }
            .into());
        }
        let several = several::Several {
            targets: &targets,
            options: self.options(None)?,
            replace: self.replace,
            jobs: self.jobs.map_or_else(several::cores, usize::from),
        };
        let runs = several.run(context).await?;
        let took = took.elapsed();
        reports::write(&self.report, &runs.reports, took)?;
        match self.output {
            Output::Json => output::json(&runs.reports)?,
            Output::Table => {
                self.print(&replication_lab::report::runs::text(&runs.reports, took))?;
            }
        }
        Ok(runs.exit)
    }

    /// Runs one lab. What kept it from its end is in the report, and beside it as it is.
    async fn one(
        &self,
        context: &Context,
        target: &Target,
        options: &ExperimentOptions,
    ) -> Result<(RunReport, Option<anyhow::Error>)> {
        let docker = Engine::connect().await?;
        let shown = Shown::new(context);
        let reporter = shown.reporter();
        let began = Instant::now();
        let ran = if self.from.is_some() {
            let mut lab = Lab::find(docker, &target.plan.lab).await?;
            let plan = target.plan.clone();
            target::same_scenario(&lab.plan, &plan)?;
            (lab.plan.steps, lab.plan.teardown) = (plan.steps, plan.teardown);
            Box::pin(experiment::resume(&lab, options, reporter, &context.cancel)).await
        } else {
            Box::pin(target.run(&docker, options, self.replace, reporter, &context.cancel)).await
        };
        drop(shown);
        let kept = self.from.is_some() || options.keep != experiment::KeepLab::Never;
        Ok(match ran {
            Ok(ran) => (RunReport::new(ran, &target.about(&target.line())), None),
            Err(error) => {
                let error = error.into();
                let report = target.broken(&error, kept, began.elapsed());
                (report, Some(error))
            }
        })
    }

    /// Says how one lab went.
    fn tell(
        &self,
        context: &Context,
        report: &RunReport,
        failed: Option<anyhow::Error>,
    ) -> Result<Exit> {
        let name = &report.lab;
        if let Some(error) = failed {
            if self.output == Output::Json {
                output::json(&report)?;
            }
            if self.from.is_some() && failure::failure(&error).exit == Exit::Interrupted {
                say(&format!("interrupted; `{name}` is still there"));
                return Ok(Exit::Interrupted);
            }
            if let Some(trouble) = &report.error
                && let Some(line) = trouble.line
            {
                say(&format!("the scenario sets it at {}:{line}", report.file));
            }
            return Err(error);
        }
        match self.output {
            Output::Json => output::json(&report)?,
            Output::Table => self.print(&report.text())?,
        }
        if !context.quiet && self.output == Output::Table {
            let how = report.outcome();
            let left = if report.kept {
                format!("; kept: `lab status {name}`, `lab down {name}` removes it")
            } else {
                let why = report
                    .skipped
                    .as_ref()
                    .map(|reason| format!(": this kernel {reason}"));
                why.unwrap_or_default()
            };
            let took = duration(Duration::from_secs_f64(report.took_ms / 1000.0));
            say(&format!("{name} {how} after {took}{left}"));
        }
        Ok(exit_of(report))
    }

    /// Prints what is for people: where a report has standard output, beside it.
    fn print(&self, text: &str) -> Result<()> {
        if self.report.iter().any(ReportTo::is_stdout) {
            say(text.trim_end());
            return Ok(());
        }
        output::print(text)
    }

    fn options(&self, target: Option<&Target>) -> Result<ExperimentOptions> {
        let from = match (&self.from, target) {
            (Some(given), Some(target)) => target.step(given)?,
            _ => 1,
        };
        Ok(ExperimentOptions {
            up: up::Options {
                keep: match self.keep {
                    Keep::Never => up::Keep::Never,
                    Keep::Failed | Keep::Always => up::Keep::Failed,
                },
                verify: !self.no_verify,
                ..up::Options::default()
            },
            steps: walk::StepOptions {
                within: self.within,
                from,
                ..walk::StepOptions::default()
            },
            keep: match self.keep {
                Keep::Never => experiment::KeepLab::Never,
                Keep::Failed => experiment::KeepLab::Failed,
                Keep::Always => experiment::KeepLab::Always,
            },
        })
    }
}

impl Target {
    /// Runs it, after a lab of its name was removed where that is wanted.
    async fn run(
        &self,
        docker: &Engine,
        options: &ExperimentOptions,
        replace: bool,
        reporter: std::sync::Arc<dyn replication_lab::event::Reporter>,
        cancel: &replication_lab::CancellationToken,
    ) -> Result<experiment::Ran, LabError> {
        if replace {
            cleanup::remove_any(docker, self.plan.lab.as_str()).await?;
        }
        let plan = self.plan.clone();
        Box::pin(experiment::run(docker, plan, options, reporter, cancel)).await
    }
}

/// What became of a run as an exit code. One that this kernel cannot do is no failure.
fn exit_of(report: &RunReport) -> Exit {
    if report.passed || report.skipped.is_some() {
        Exit::Done
    } else {
        Exit::CheckFailed
    }
}
