//! Runs several labs at once, at most `--jobs` of them. Every line names its lab.

use std::time::Instant;

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::{LabError, cleanup};
use replication_lab::report::run::RunReport;
use replication_lab::run::experiment::{self, ExperimentOptions};
use replication_lab::text::duration;

use super::job::Job;
use crate::cli::Context;
use crate::cli::failure;
use crate::cli::output::say;
use crate::cli::progress::Shown;

/// The highest default for `--jobs`. Docker serialises much of its work, so more labs at once are not faster.
const MOST: usize = 8;

/// The default for `--jobs`.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get().min(MOST))
}

pub(super) struct Several<'a> {
    pub(super) targets: &'a [Job],
    pub(super) options: ExperimentOptions,
    pub(super) replace: bool,
    pub(super) jobs: usize,
}

/// The reports of all labs, and the exit code of the program.
pub(super) struct Runs {
    pub(super) reports: Vec<RunReport>,
    pub(super) exit: Exit,
}

impl Several<'_> {
    pub(super) async fn run(&self, context: &Context) -> Result<Runs> {
        let docker = Engine::connect().await?;
        let began = Instant::now();
        let names = self.targets.iter().map(|target| target.plan.lab.as_str());
        let width = names.map(str::len).max().unwrap_or(0);
        let running = self.targets.iter().enumerate().map(async |(at, target)| {
            let prefix = format!("{:<width$} | ", target.plan.lab.as_str());
            let done = self.one(context, &docker, target, began, prefix);
            (at, Box::pin(done).await)
        });
        // One task polls all of them and drops none before its end, so an interrupt cleans up every lab.
        let done = stream::iter(running).buffer_unordered(self.jobs);
        let mut done: Vec<(usize, (RunReport, Exit))> = done.collect().await;
        done.sort_by_key(|(at, _)| *at);
        let (mut reports, exits): (Vec<RunReport>, Vec<Exit>) =
            done.into_iter().map(|(_, done)| done).unzip();
        // An interrupt leaves no lab behind, not even one that had ended and was kept.
        if exits.contains(&Exit::Interrupted) {
            for report in reports.iter_mut().filter(|report| report.kept) {
                let removing = cleanup::remove_any(&docker, &report.lab);
                removing.await?;
                report.kept = false;
            }
        }
        Ok(Runs {
            reports,
            exit: worst(&exits),
        })
    }

    async fn one(
        &self,
        context: &Context,
        docker: &Engine,
        target: &Job,
        began: Instant,
        prefix: String,
    ) -> (RunReport, Exit) {
        let own = Instant::now();
        if context.cancel.is_cancelled() {
            let report = target.broken(&LabError::Interrupted.into(), false, own.elapsed());
            return (report, Exit::Interrupted);
        }
        let shown = Shown::of_one_of_several(context, began, prefix.clone());
        let running = target.run(
            docker,
            &self.options,
            self.replace,
            shown.reporter(),
            &context.cancel,
        );
        let ran = Box::pin(running).await;
        let (report, exit, how) = match ran {
            Ok(ran) => {
                let report = RunReport::new(ran, &target.about(&target.line()));
                let (exit, how) = (super::exit_of(&report), report.outcome());
                (report, exit, how)
            }
            Err(error) => {
                let kept = self.options.keep != experiment::KeepLab::Never;
                let error = error.into();
                let report = target.broken(&error, kept, own.elapsed());
                match failure::failure(&error).exit {
                    Exit::Interrupted => (report, Exit::Interrupted, "interrupted"),
                    exit => (report, exit, "could not be run"),
                }
            }
        };
        if !context.quiet {
            let (at, took) = (began.elapsed().as_secs_f64(), duration(own.elapsed()));
            say(&format!("{prefix}{at:>7.2} s  {how} after {took}"));
        }
        (report, exit)
    }
}

/// The worst exit code. An interrupt explains everything else, and a failed check says more than a lab that could not run.
fn worst(exits: &[Exit]) -> Exit {
    [
        Exit::Interrupted,
        Exit::CheckFailed,
        Exit::Environment,
        Exit::Usage,
    ]
    .into_iter()
    .find(|exit| exits.contains(exit))
    .unwrap_or(Exit::Done)
}
