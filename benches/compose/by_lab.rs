//! `lab`'s side: through the library, and the binary for what takes no Docker.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use replication_lab::engine::{Engine, EngineError, EngineErrorKind, Selector};
use replication_lab::event::{Phase, Silent};
use replication_lab::image::{self, Found};
use replication_lab::lab::cleanup;
use replication_lab::lab::labels::TEMPLATE_LABEL;
use replication_lab::lab::up::{self, Options};
use replication_lab::name::LabName;
use replication_lab::plan::Plan;
use replication_lab::scenario::catalog;
use replication_lab::scenario::load::{self, Overrides, Source};
use replication_lab::verify;
use replication_lab::wait::{Probe, WaitError, wait_for};
use tokio_util::sync::CancellationToken;

use super::figures;

/// Brings labs of one name up and down.
pub(crate) struct Lab {
    pub(crate) engine: Engine,
    name: LabName,
    found: Found,
}

impl Lab {
    /// Finds the image first, so that no round pays for building it.
    pub(crate) async fn new(
        engine: Engine,
        name: &str,
        scenario: &Source,
        cancel: &CancellationToken,
    ) -> Result<Self> {
        let name = LabName::new(name)?;
        let plan = plan(scenario, Some(&name))?;
        let node = plan.nodes.first().context("a lab without nodes")?;
        let found = image::ensure(&engine, &node.postgres, &Silent, cancel).await?;
        Ok(Self {
            engine,
            name,
            found,
        })
    }

    pub(crate) fn found(&self) -> &Found {
        &self.found
    }

    /// From the scenario's text to the verdict.
    pub(crate) async fn up(
        &self,
        scenario: &Source,
        cancel: &CancellationToken,
    ) -> Result<(Duration, BTreeMap<Phase, Duration>)> {
        let began = Instant::now();
        let plan = plan(scenario, Some(&self.name))?;
        let options = Options::new(Some(verify::proof));
        let up = up::up(&self.engine, plan, &options, Arc::new(Silent), cancel);
        // It holds a whole lab in the making.
        let made = Box::pin(up).await?;
        let took = began.elapsed();
        let verdict = made.verdict.context("nothing was verified")?;
        let failed = verdict.checks.iter().find(|check| !check.passed);
        let why = failed.map_or("no checks", |check| check.detail.as_str());
        ensure!(verdict.passed, "lab brought up what does not work: {why}");
        Ok((took, made.timings))
    }

    pub(crate) async fn down(&self) -> Result<Duration> {
        let began = Instant::now();
        cleanup::remove_any(&self.engine, self.name.as_str()).await?;
        Ok(began.elapsed())
    }

    /// Removes the image's template. False where another lab uses it and goes on doing so.
    pub(crate) async fn forget_template(&self, cancel: &CancellationToken) -> Result<bool> {
        let which = Selector::LabelValue(TEMPLATE_LABEL.to_owned(), self.found.image.id.clone());
        let removed = wait_for(Duration::from_secs(30), cancel, || async {
            for volume in self.engine.volumes(&which).await? {
                match self.engine.remove_volume(&volume.name).await {
                    Err(error) if error.kind == EngineErrorKind::Conflict => {
                        return Ok(Probe::NotYet("in use".to_owned()));
                    }
                    removed => removed?,
                }
            }
            Ok::<_, EngineError>(Probe::Ready(()))
        });
        match removed.await {
            Ok(()) => Ok(true),
            Err(WaitError::Limit { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn plan(scenario: &Source, name: Option<&LabName>) -> Result<Plan> {
    let loaded = load::load(scenario, &Overrides::default())?;
    Ok(Plan::resolve(&loaded.scenario, &loaded.sql, name))
}

/// What needs no Docker: within this process, and as commands from their start to their end.
pub(crate) async fn without_docker() -> Result<Vec<(&'static str, Duration)>> {
    let mut inside = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        let plan = plan(&catalog::open("physical-sync")?, None)?;
        std::hint::black_box(
            plan.nodes
                .iter()
                .map(|node| node.files().len())
                .sum::<usize>(),
        );
        inside.push(began.elapsed());
    }
    let mut medians = vec![("load, check and plan, in process", figures::median(&inside))];
    for (shown, verb) in [
        ("lab check physical-sync", "check"),
        ("lab plan physical-sync", "plan"),
    ] {
        let mut times = Vec::new();
        for _ in 0..21 {
            let began = Instant::now();
            let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_lab"));
            command.args([verb, "physical-sync"]).stdout(Stdio::null());
            ensure!(command.status().await?.success(), "`{shown}` failed");
            times.push(began.elapsed());
        }
        medians.push((shown, figures::median(&times)));
    }
    Ok(medians)
}
