//! Compose's side.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use replication_lab::engine::{Engine, Selector};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::LIMIT;

/// Compose 2, whose program is fetched by this, after `images/debian.sh`.
const FETCH: &str = include_str!("compose-2.sh");
const DEBIAN: &str = include_str!("../../images/debian.sh");

/// Where it is kept.
const FETCHED: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/docker-compose-2");

/// One Compose, with a project of its own.
pub(crate) struct Compose {
    engine: Engine,
    program: &'static [&'static str],
    version: String,
    project: String,
    image: String,
    no_sync: bool,
}

impl Compose {
    /// The first Compose 1 and the first Compose 2 that this machine has. Compose 2 is fetched from Debian's packages where
    /// there is none.
    ///
    /// # Errors
    /// Of each that there is not: why.
    pub(crate) async fn find(
        engine: &Engine,
        project: &str,
        image: &str,
        no_sync: bool,
    ) -> [Result<Self>; 2] {
        let find = |generation| Self::of(generation, engine, project, image, no_sync);
        let (one, mut two) = (find("1.").await, find("2.").await);
        if two.is_err() {
            two = match fetch().await {
                Ok(()) => find("2.").await,
                Err(why) => Err(why),
            };
        }
        [one, two]
    }

    async fn of(
        generation: &str,
        engine: &Engine,
        project: &str,
        image: &str,
        no_sync: bool,
    ) -> Result<Self> {
        let known: [&[&str]; 3] = [&["docker", "compose"], &["docker-compose"], &[FETCHED]];
        for program in known {
            let mut command = Command::new(program[0]);
            command.args(&program[1..]).args(["version", "--short"]);
            let Ok(answer) = command.output().await else {
                continue;
            };
            let version = String::from_utf8_lossy(&answer.stdout);
            let version = version.trim().trim_start_matches('v');
            if answer.status.success() && version.starts_with(generation) {
                return Ok(Self {
                    engine: engine.clone(),
                    program,
                    version: format!("Compose {version}"),
                    project: project.to_owned(),
                    image: image.to_owned(),
                    no_sync,
                });
            }
        }
        bail!("Compose {generation} is not installed")
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// From nothing to the row on every standby.
    pub(crate) async fn up(&self, file: &str, cancel: &CancellationToken) -> Result<Duration> {
        let began = Instant::now();
        self.run(file, &["up", "-d"], cancel).await?;
        self.verify(cancel).await?;
        Ok(began.elapsed())
    }

    pub(crate) async fn down(&self, file: &str, cancel: &CancellationToken) -> Result<Duration> {
        let began = Instant::now();
        self.run(file, &["down", "-t", "0", "-v"], cancel).await?;
        Ok(began.elapsed())
    }

    /// Runs `verify.sh` as `docker exec` would: `docker-compose exec` takes half a second to begin.
    async fn verify(&self, cancel: &CancellationToken) -> Result<()> {
        let project = "com.docker.compose.project".to_owned();
        let of_project = Selector::LabelValue(project, self.project.clone());
        let containers = self.engine.containers(&of_project).await?;
        let primary = containers.iter().find(|container| {
            let service = container.labels.get("com.docker.compose.service");
            service.is_some_and(|service| service == "primary")
        });
        let primary = primary.context("Compose made no primary")?;
        let script = ["sh".to_owned(), "/compose/verify.sh".to_owned()];
        let proven = tokio::select! {
            () = cancel.cancelled() => bail!("interrupted"),
            proven = tokio::time::timeout(LIMIT, self.engine.exec(&primary.id, &script, b"")) => proven,
        };
        let Ok(proven) = proven else {
            let log = self.engine.logs(&primary.id, Some(20)).await?;
            bail!("Compose's standbys do not stream; the primary said:\n{log}");
        };
        let proven = proven?;
        let said = String::from_utf8_lossy(&proven.stderr).into_owned();
        ensure!(proven.code == 0, "Compose's proof failed: {said}");
        Ok(())
    }

    /// Runs Compose to its end; `kill_on_drop` ends it after an interrupt or the limit.
    async fn run(&self, file: &str, words: &[&str], cancel: &CancellationToken) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/compose");
        let shown = words.join(" ");
        let mut command = Command::new(self.program[0]);
        command
            .args(&self.program[1..])
            .arg("--project-name")
            .arg(&self.project)
            .arg("--file")
            .arg(folder.join(file))
            .args(words)
            .env("LAB_IMAGE", &self.image)
            .env("LAB_NO_SYNC", if self.no_sync { "--no-sync" } else { "" })
            .kill_on_drop(true);
        let answer = tokio::select! {
            () = cancel.cancelled() => bail!("interrupted"),
            answer = tokio::time::timeout(LIMIT, command.output()) => answer,
        };
        let answer = answer.with_context(|| format!("Compose's `{shown}` does not end"))?;
        let answer = answer.with_context(|| format!("running Compose's `{shown}`"))?;
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        ensure!(
            answer.status.success(),
            "Compose's `{shown}` failed:\n{said}"
        );
        Ok(())
    }
}

/// Fetches Compose 2. It installs nothing: the program lies among what is built.
async fn fetch() -> Result<()> {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("{DEBIAN}{FETCH}"), "compose-2", FETCHED]);
    let answer = command.kill_on_drop(true).output();
    let answer = tokio::time::timeout(LIMIT, answer).await;
    let answer = answer.context("fetching Compose 2 does not end")?;
    let answer = answer.context("fetching Compose 2")?;
    let said = String::from_utf8_lossy(&answer.stderr);
    let why = said.lines().last().unwrap_or_default();
    ensure!(
        answer.status.success(),
        "Compose 2 is not installed, and cannot be fetched: {why}"
    );
    Ok(())
}
