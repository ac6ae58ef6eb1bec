//! How long `lab` takes, against a plain Compose file that does the same.
//!
//! ```text
//! cargo bench --bench compose                                  # both cases, a quarter of an hour
//! cargo bench --bench compose -- --standbys 1 --rounds 5
//! ```
//!
//! The cases are the lab `physical-sync` (one synchronous standby) and sixteen standbys of one primary. Each is brought
//! up and taken away in turn
//!
//! - by `lab`, through the library: from the scenario's text to the verdict of all its checks, population included;
//! - by Compose: from `up -d` to the end of a script that waits until every standby streams, writes one row on the
//!   primary and looks for it on each standby; then `down -t 0 -v`. It is `docker compose` where there is one, else
//!   `docker-compose`. The files in this folder are what one would write by hand: entrypoints in shell, set-up on a
//!   server that nobody else reaches, and the usual `until pg_basebackup …; do sleep 1; done`.
//!
//! Both have the same image, settings, datasets of the same size, published ports, volumes, and `fsync` as it is.
//! Where the two differ, it is what `lab` is about, or Compose's gain:
//!
//! - `lab` runs `initdb` once an image and copies the result; the row "first time" has that template removed before;
//! - `lab` keeps `initdb` and `pg_basebackup` from syncing; `--compose-no-sync` does the same for Compose;
//! - `lab` proves more: a row in every table, and commits that wait while a standby is frozen;
//! - Compose's proof is as quick as a script gets: one `docker exec`, which looks again after 0.1 s.
//!
//! Before each run the disk is written out and a minute passes: otherwise a run pays for what the one before it left.
//! An ext4 without a journal looks at every file that was deleted within a minute before it makes a new one, which
//! takes a tenfold time after sixteen data directories have gone (`--settle 0` shows it).
//!
//! The order alternates from round to round. What is printed are medians. Other work on the machine changes all
//! times, and the ratios less. Nothing here fails for being slow: the exit code says whether it ran.

#![expect(clippy::print_stdout, reason = "figures are what a benchmark is for")]

mod by_hand;
mod by_lab;
mod figures;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use replication_lab::engine::Engine;
use replication_lab::scenario::catalog;
use replication_lab::scenario::load::Source;
use tokio_util::sync::CancellationToken;

use by_hand::Compose;
use by_lab::Lab;
use figures::Figures;

#[derive(Debug, Parser)]
#[command(about = "Times lab against a plain Compose file")]
struct Arguments {
    /// Rounds of each case [default: 3 with one standby, 2 with sixteen].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Cases by their number of standbys: 1, 16.
    #[arg(long, value_delimiter = ',', default_value = "1,16")]
    standbys: Vec<usize>,
    /// Keeps Compose's `initdb` and `pg_basebackup` from syncing, too.
    #[arg(long)]
    compose_no_sync: bool,
    /// Seconds of rest before each run.
    #[arg(long, default_value_t = 60)]
    settle: u64,
    /// What cargo passes to a benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One topology, in both forms.
struct Case {
    standbys: usize,
    scenario: Source,
    compose: &'static str,
    rounds: u32,
}

impl Case {
    fn new(standbys: usize, rounds: Option<u32>) -> Result<Self> {
        let (scenario, compose, usual) = match standbys {
            1 => {
                let lab = catalog::find("physical-sync").context("physical-sync is gone")?;
                (lab.source(), "physical-sync.yml", 3)
            }
            16 => {
                let text = include_bytes!("fan-out-16.yaml");
                (
                    Source::new("fan-out-16.yaml", text, None)?,
                    "fan-out-16.yml",
                    2,
                )
            }
            other => bail!("there is no case with {other} standbys: `--standbys 1,16`"),
        };
        Ok(Self {
            standbys,
            scenario,
            compose,
            rounds: rounds.unwrap_or(usual),
        })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("nothing is timed here: `cargo bench --bench compose`");
        return Ok(());
    }
    let cases: Vec<Case> = arguments
        .standbys
        .iter()
        .map(|standbys| Case::new(*standbys, arguments.rounds))
        .collect::<Result<_>>()?;
    let cancel = CancellationToken::new();
    let interrupted = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    // Neither Compose nor `lab` can meet anything of this name, and both leave nothing of it.
    let name = format!("labbench{}", std::process::id());
    let docker = Engine::connect().await?;
    let first = cases.first().context("no case")?;
    let lab = Lab::new(docker.clone(), &name, &first.scenario, &cancel).await?;
    let compose = Compose::find(docker, &name, lab.image(), arguments.compose_no_sync).await?;

    println!("{}", machine(&lab, &compose).await?);
    for (verb, took) in by_lab::without_docker().await? {
        println!("{}", figures::small(verb, took));
    }
    for case in &cases {
        let rest = Rest {
            settle: Duration::from_secs(arguments.settle),
            cancel: cancel.clone(),
        };
        let timed = time(case, &lab, &compose, &rest).await;
        if timed.is_err() {
            // Cleaning up goes on after an interrupt.
            let on = CancellationToken::new();
            let (labs, files) = tokio::join!(lab.down(), compose.down(case.compose, &on));
            labs.and(files).context("cleaning up")?;
        }
        println!("\n{}", timed?.table(case.standbys));
    }
    Ok(())
}

/// On what the figures were taken.
async fn machine(lab: &Lab, compose: &Compose) -> Result<String> {
    let docker = lab.engine.info().await?;
    let cores = std::thread::available_parallelism()?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    Ok(format!(
        "{cores} cores, load {load} before; Docker {}; {}; image {}",
        docker.version,
        compose.version(),
        lab.image()
    ))
}

/// All rounds of a case. What comes before them warms up and makes the template; sixteen containers of Compose
/// take too long for that.
async fn time(case: &Case, lab: &Lab, compose: &Compose, rest: &Rest) -> Result<Figures> {
    let mut ignored = Figures::default();
    by_lab_once(case, lab, rest, &mut ignored).await?;
    if case.standbys == 1 {
        by_hand_once(case, compose, rest, &mut ignored).await?;
    }
    let mut figures = Figures::default();
    for round in 0..case.rounds {
        if round % 2 == 0 {
            by_lab_once(case, lab, rest, &mut figures).await?;
            by_hand_once(case, compose, rest, &mut figures).await?;
            first_time(case, lab, rest, &mut figures).await?;
        } else {
            first_time(case, lab, rest, &mut figures).await?;
            by_hand_once(case, compose, rest, &mut figures).await?;
            by_lab_once(case, lab, rest, &mut figures).await?;
        }
    }
    Ok(figures)
}

async fn by_lab_once(case: &Case, lab: &Lab, rest: &Rest, figures: &mut Figures) -> Result<()> {
    rest.before_a_run().await?;
    let (took, phases) = lab.up(&case.scenario, &rest.cancel).await?;
    figures.lab_up.push(took);
    for (phase, took) in phases {
        figures.phases.entry(phase).or_default().push(took);
    }
    figures.lab_down.push(lab.down().await?);
    Ok(())
}

/// `lab up` without a template. It says nothing about fanning out, so sixteen standbys go without.
async fn first_time(case: &Case, lab: &Lab, rest: &Rest, figures: &mut Figures) -> Result<()> {
    rest.before_a_run().await?;
    if case.standbys > 1 {
        return Ok(());
    }
    if !lab.forget_template(&rest.cancel).await? {
        println!("another lab uses the template: one round less for the first time");
        return Ok(());
    }
    let (took, _) = lab.up(&case.scenario, &rest.cancel).await?;
    figures.lab_first.push(took);
    lab.down().await?;
    Ok(())
}

async fn by_hand_once(
    case: &Case,
    compose: &Compose,
    rest: &Rest,
    figures: &mut Figures,
) -> Result<()> {
    rest.before_a_run().await?;
    figures
        .compose_up
        .push(compose.up(case.compose, &rest.cancel).await?);
    figures
        .compose_down
        .push(compose.down(case.compose, &rest.cancel).await?);
    Ok(())
}

/// What comes between two runs.
struct Rest {
    settle: Duration,
    cancel: CancellationToken,
}

impl Rest {
    async fn before_a_run(&self) -> Result<()> {
        if !self.settle.is_zero() {
            let written = tokio::process::Command::new("sync").status().await;
            ensure!(written.context("running sync")?.success(), "sync failed");
            tokio::select! {
                () = self.cancel.cancelled() => {}
                () = tokio::time::sleep(self.settle) => {}
            }
        }
        ensure!(!self.cancel.is_cancelled(), "interrupted");
        Ok(())
    }
}

/// How long anything may take before it counts as failed.
const LIMIT: Duration = Duration::from_secs(300);
