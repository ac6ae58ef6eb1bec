//! `lab run`: runs scenarios as tests.

mod job;
mod reports;
mod several;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, ValueEnum};
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::up;
use replication_lab::lab::{LabError, cleanup};
use replication_lab::name::LabName;
use replication_lab::report::run::RunReport;
use replication_lab::run as walk;
use replication_lab::run::experiment::{self, ExperimentOptions};
use replication_lab::text::duration;
use replication_lab::verify;

use super::Context;
use super::arguments::{self, Changes};
use super::failure::{self, Misuse};
use super::output::{self, Output, say};
use super::progress::Shown;
use job::Job;
use reports::ReportTo;

const AFTER_HELP: &str = "\
Examples:
  lab run error-slot-in-use                     up, every step, down; exit code 1 if a step fails
  lab run ./mine.yaml --keep failed             keep the lab if a step fails
  lab run ./mine.yaml --from 3                  continue the kept lab from its third step
  lab run ./labs/*.yaml --jobs 2                several labs, two at once, with a summary
  lab run ./mine.yaml --report junit=run.xml --report tap=-
  lab run physical-sync --output json | jq '.steps[] | {number, took_ms, seen}'

With several labs the exit code is 1 if a step or a proof failed, else 3 if a lab could not be run.";

/// Run scenarios as tests: up, proof, steps, down.
///
/// A lab without steps passes when it replicates.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct RunCommand {
    /// Labs of the catalogue (see `lab list`), paths of scenario files, or `-` for standard input.
    #[arg(required = true, value_name = "LAB", value_hint = clap::ValueHint::FilePath)]
    labs: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    /// The lab's name. Default: the scenario's name.
    #[arg(long)]
    name: Option<LabName>,
    /// How many labs run at once. Default: the number of cores, at most 8.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    jobs: Option<u16>,
    /// Remove an existing lab of that name first.
    #[arg(long, conflicts_with = "from")]
    replace: bool,
    /// When to keep the lab as its steps left it, without running its teardown. An interrupt removes it always.
    #[arg(long, value_enum, default_value_t = KeepRun::Never)]
    keep: KeepRun,
    /// Start with this step (its number or name) in the lab that was kept, and keep the lab.
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// How long a step without `within` may wait.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = arguments::duration)]
    within: Duration,
    /// Skip the proof that the lab replicates.
    #[arg(long)]
    no_verify: bool,
    /// Also write a report for other programs: `junit=FILE`, `tap=FILE` or `json=FILE`. `-` is standard output. Repeatable.
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<ReportTo>,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeepRun {
    /// Never.
    Never,
    /// When a step failed.
    Failed,
    /// Always.
    Always,
}

impl RunCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let Some(targets) = job::all(
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
                message: "`--from` continues one lab, but several are given".to_owned(),
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

    /// Runs one lab. An error that ended it early is in the report and returned beside it.
    async fn one(
        &self,
        context: &Context,
        target: &Job,
        options: &ExperimentOptions,
    ) -> Result<(RunReport, Option<anyhow::Error>)> {
        let docker = Engine::connect().await?;
        let shown = Shown::new(context);
        let reporter = shown.reporter();
        let began = Instant::now();
        let ran = if self.from.is_some() {
            let mut lab = arguments::find(docker, &target.plan.lab).await?;
            lab.password()?;
            let plan = target.plan.clone();
            job::same_scenario(&lab.plan, &plan)?;
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

    /// Reports the outcome of one lab.
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
            Output::Table => self.print(&report.text(output::width()))?,
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

    /// Prints text for people: on standard error if a report takes standard output.
    fn print(&self, text: &str) -> Result<()> {
        if self.report.iter().any(ReportTo::is_stdout) {
            say(text.trim_end());
            return Ok(());
        }
        output::print_results(text)
    }

    fn options(&self, target: Option<&Job>) -> Result<ExperimentOptions> {
        let from = match (&self.from, target) {
            (Some(given), Some(target)) => target.step(given)?,
            _ => 1,
        };
        Ok(ExperimentOptions {
            up: up::Options {
                keep: match self.keep {
                    KeepRun::Never => up::Keep::Never,
                    KeepRun::Failed | KeepRun::Always => up::Keep::Failed,
                },
                ..up::Options::new((!self.no_verify).then_some(verify::proof))
            },
            steps: walk::StepOptions {
                within: self.within,
                from,
                ..walk::StepOptions::default()
            },
            keep: match self.keep {
                KeepRun::Never => experiment::KeepLab::Never,
                KeepRun::Failed => experiment::KeepLab::Failed,
                KeepRun::Always => experiment::KeepLab::Always,
            },
        })
    }
}

impl Job {
    /// Runs the scenario. `replace` removes an existing lab of its name first.
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

/// The exit code of a run. A run that is skipped because of this kernel is not a failure.
fn exit_of(report: &RunReport) -> Exit {
    if report.passed || report.skipped.is_some() {
        Exit::Done
    } else {
        Exit::CheckFailed
    }
}
