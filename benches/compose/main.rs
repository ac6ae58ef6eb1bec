//! How long `lab` takes, against a plain Compose file that does the same, and against the engine's floor.
//!
//! ```text
//! cargo bench --bench compose                                  # both cases, half an hour
//! cargo bench --bench compose -- --standbys 1 --rounds 5
//! ```
//!
//! The cases are the lab `physical-sync` (one synchronous standby) and sixteen standbys of one primary. Each is brought
//! up and taken away in turn
//!
//! - by `lab`, through the library: from the scenario's text to the verdict of all its checks, population included;
//! - by Compose: from `up -d` to the end of a script that waits until every standby streams, writes one row on the
//!   primary and looks for it on each standby; then `down -t 0 -v`. Both generations of Compose take their turn, as far as
//!   they are there; Compose 2 is fetched from Debian's packages where it is not. The files in this folder are what one
//!   would write by hand: entrypoints in shell, set-up on a server that nobody else reaches, and the usual
//!   `until pg_basebackup …; do sleep 1; done`;
//! - by the engine alone, which is the floor: the same network, volumes and containers through its API, with as many servers
//!   that start on data directories that are ready, until each takes a connection. Nothing replicates.
//!
//! `lab` and Compose have the same image, settings, datasets of the same size, published ports, volumes, and `fsync` as it is.
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
mod floor;

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
use floor::Floor;

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
    let image = &lab.found().reference;
    let mut composes = Vec::new();
    for found in Compose::find(&docker, &name, image, arguments.compose_no_sync).await {
        match found {
            Ok(compose) => composes.push(compose),
            Err(why) => println!("{why:#}"),
        }
    }

    println!("{}", machine(&lab, &composes).await?);
    for (verb, took) in by_lab::without_docker().await? {
        println!("{}", figures::small(verb, took));
    }
    for case in &cases {
        let rest = Rest {
            settle: Duration::from_secs(arguments.settle),
            cancel: cancel.clone(),
        };
        let floor = Floor::new(&docker, &name, lab.found(), case.standbys + 1);
        let sides = Sides {
            case,
            lab: &lab,
            composes: &composes,
            floor: &floor,
            rest: &rest,
        };
        let timed = sides.time().await;
        if timed.is_err() {
            // Cleaning up goes on after an interrupt.
            lab.down().await.context("cleaning up")?;
            for compose in &composes {
                let on = CancellationToken::new();
                let down = compose.down(case.compose, &on).await;
                down.context("cleaning up")?;
            }
        }
        floor.forget().await.context("cleaning up")?;
        println!("\n{}", timed?.table(case.standbys));
    }
    Ok(())
}

/// On what the figures were taken.
async fn machine(lab: &Lab, composes: &[Compose]) -> Result<String> {
    let docker = lab.engine.info().await?;
    let cores = std::thread::available_parallelism()?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    let mut parts = vec![
        format!("{cores} cores, load {load} before"),
        format!("Docker {}", docker.version),
    ];
    parts.extend(composes.iter().map(|compose| compose.version().to_owned()));
    parts.push(format!("image {}", lab.found().reference));
    Ok(parts.join("; "))
}

/// Who is timed against whom in a case.
struct Sides<'a> {
    case: &'a Case,
    lab: &'a Lab,
    composes: &'a [Compose],
    floor: &'a Floor,
    rest: &'a Rest,
}

/// One side's turn.
#[derive(Clone, Copy)]
enum Turn {
    Lab,
    FirstTime,
    Floor,
    Compose(usize),
}

impl Sides<'_> {
    /// All rounds. What comes before them warms up and makes the template; sixteen containers of Compose take too long for
    /// that.
    async fn time(&self) -> Result<Figures> {
        self.floor.prepare(&self.rest.cancel).await?;
        let composes = (0..self.composes.len()).map(Turn::Compose);
        let mut turns = vec![Turn::Lab, Turn::Floor];
        turns.extend(composes.filter(|_| self.case.standbys == 1));
        let mut ignored = Figures::default();
        for turn in turns {
            self.take(turn, &mut ignored).await?;
        }
        let mut turns = vec![Turn::Lab, Turn::Floor];
        turns.extend((0..self.composes.len()).map(Turn::Compose));
        // It says nothing about fanning out, so sixteen standbys go without.
        turns.extend(Some(Turn::FirstTime).filter(|_| self.case.standbys == 1));
        let mut figures = Figures::default();
        for _ in 0..self.case.rounds {
            for turn in &turns {
                self.take(*turn, &mut figures).await?;
            }
            turns.reverse();
        }
        Ok(figures)
    }

    async fn take(&self, turn: Turn, figures: &mut Figures) -> Result<()> {
        self.rest.before_a_run().await?;
        let (scenario, file, cancel) = (&self.case.scenario, self.case.compose, &self.rest.cancel);
        match turn {
            Turn::Lab => {
                let (took, phases) = self.lab.up(scenario, cancel).await?;
                figures.lab_up.push(took);
                for (phase, took) in phases {
                    figures.phases.entry(phase).or_default().push(took);
                }
                figures.lab_down.push(self.lab.down().await?);
            }
            Turn::FirstTime => {
                if !self.lab.forget_template(cancel).await? {
                    println!("another lab uses the template: one round less for the first time");
                    return Ok(());
                }
                let (took, _) = self.lab.up(scenario, cancel).await?;
                figures.lab_first.push(took);
                self.lab.down().await?;
            }
            Turn::Floor => {
                figures.floor.push(self.floor.up(cancel).await?);
                self.floor.down(cancel).await?;
            }
            Turn::Compose(index) => {
                let compose = &self.composes[index];
                let times = figures.of(compose.version());
                times.up.push(compose.up(file, cancel).await?);
                times.down.push(compose.down(file, cancel).await?);
            }
        }
        Ok(())
    }
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
