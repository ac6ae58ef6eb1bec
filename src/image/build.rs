//! Builds an image with a recipe of `images/` and streams it into the engine.
//!
//! Owns the recipe's process. The recipe runs while a pipe to it is open. It ends and cleans up when the pipe closes: when the
//! build is cancelled or dropped, or this process is killed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{BuildError, IMAGE_LABEL, ImageError, PGADMIN_LABEL, POSTGRES_LABEL};
use crate::engine::{Engine, EngineError};
use crate::event::{Event, Phase, Progress, ProgressUnit, Reporter};

/// How long a recipe may take to clean up.
const FAREWELL: Duration = Duration::from_secs(10);

/// How many lines of a recipe's output are kept for an error.
const WORDS: usize = 8;

/// How to build an image.
pub(super) struct Recipe {
    /// The image's name without its version.
    pub(super) repository: &'static str,
    /// A bash script that takes the version and writes a tar.
    pub(super) script: &'static str,
    /// Dockerfile instructions for a version: what a root file system cannot contain.
    pub(super) changes: fn(&str) -> Vec<String>,
    /// Additions to the script's environment.
    pub(super) env: Vec<(&'static str, OsString)>,
    /// The directory for claims on building.
    pub(super) claims: PathBuf,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            repository: "lab-postgres",
            script: concat!(
                include_str!("../../images/debian.sh"),
                include_str!("../../images/postgres/build.sh")
            ),
            changes: of_postgres,
            env: Vec::new(),
            claims: std::env::temp_dir(),
        }
    }
}

impl Recipe {
    /// The recipe of pgAdmin's image.
    pub(super) fn pgadmin() -> Self {
        Self {
            repository: "lab-pgadmin",
            script: concat!(
                include_str!("../../images/debian.sh"),
                include_str!("../../images/pgadmin/build.sh")
            ),
            changes: of_pgadmin,
            ..Self::default()
        }
    }

    /// The recipe of the image that changes networks.
    pub(super) fn net() -> Self {
        Self {
            repository: "lab-net",
            script: concat!(
                include_str!("../../images/debian.sh"),
                include_str!("../../images/net/build.sh")
            ),
            changes: of_net,
            ..Self::default()
        }
    }

    /// The image's name for a version.
    pub(super) fn reference(&self, version: &str) -> String {
        format!("{}:{version}", self.repository)
    }
}

fn of_pgadmin(version: &str) -> Vec<String> {
    vec![
        "ENV PYTHONPATH=/opt/pgadmin:/opt/pgadmin/pgadmin4".to_owned(),
        "ENV LANG=C.UTF-8".to_owned(),
        "USER pgadmin".to_owned(),
        format!("LABEL {IMAGE_LABEL}=pgadmin"),
        format!("LABEL {PGADMIN_LABEL}={version}"),
    ]
}

fn of_net(_: &str) -> Vec<String> {
    vec![
        "ENV LANG=C.UTF-8".to_owned(),
        format!("LABEL {IMAGE_LABEL}=net"),
    ]
}

fn of_postgres(major: &str) -> Vec<String> {
    vec![
        format!(
            "ENV PATH=/usr/lib/postgresql/{major}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        ),
        "ENV LANG=C.UTF-8".to_owned(),
        format!("ENV PG_MAJOR={major}"),
        "USER postgres".to_owned(),
        format!("LABEL {IMAGE_LABEL}=postgres"),
        format!("LABEL {POSTGRES_LABEL}={major}"),
    ]
}

/// Builds an image and returns the origin of its packages: `Debian trixie`.
pub(super) async fn build(
    engine: &Engine,
    recipe: &Recipe,
    version: &str,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Result<String, BuildError>, ImageError> {
    let mut child = match start(recipe, version) {
        Ok(child) => child,
        Err(error) => return Ok(Err(BuildError::Run(error))),
    };
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Ok(Err(BuildError::Run(io::ErrorKind::BrokenPipe.into())));
    };
    let lifeline = Lifeline(Mutex::new(Some(stdin)));
    let (seal, sealed) = oneshot::channel();
    let mut work = pin!(async {
        let ended = async {
            let status = child.wait().await;
            let whole = status.as_ref().is_ok_and(ExitStatus::success);
            // Nobody listens if the import has failed.
            let _ = seal.send(whole);
            status
        };
        let imported = async {
            let imported = import(engine, recipe, version, stdout, sealed).await;
            if imported.is_err() {
                lifeline.cut();
            }
            imported
        };
        tokio::join!(ended, imported, listen(stderr, reporter))
    });
    let (status, imported, told) = tokio::select! {
        biased;
        () = cancel.cancelled() => {
            lifeline.cut();
            // After this the recipe is on its own. Without the pipe it ends as soon as it can.
            let _ = tokio::time::timeout(FAREWELL, work).await;
            return Err(ImageError::Interrupted);
        }
        done = &mut work => done,
    };
    Ok(outcome(status, imported, told))
}

fn start(recipe: &Recipe, version: &str) -> io::Result<Child> {
    Command::new("bash")
        .args(["-c", recipe.script, "build.sh", version])
        .env("LIFELINE", "1")
        .envs(recipe.env.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// The pipe that keeps a recipe alive.
struct Lifeline(Mutex<Option<ChildStdin>>);

impl Lifeline {
    fn cut(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Streams the tar into the engine once it begins. An engine makes an image even of an empty tar.
async fn import(
    engine: &Engine,
    recipe: &Recipe,
    version: &str,
    stdout: ChildStdout,
    whole: oneshot::Receiver<bool>,
) -> Result<(), EngineError> {
    let mut tar = BufReader::with_capacity(256 * 1024, stdout);
    match tar.fill_buf().await {
        Ok([]) | Err(_) => return Ok(()),
        Ok(_) => {}
    }
    let tar = Sealed {
        tar,
        whole: Some(whole),
    };
    let reference = recipe.reference(version);
    engine
        .import_image(&reference, &(recipe.changes)(version), Box::new(tar))
        .await
}

/// A tar that ends with an error unless its writer succeeds. An incomplete tar must not become an image.
struct Sealed {
    tar: BufReader<ChildStdout>,
    whole: Option<oneshot::Receiver<bool>>,
}

impl AsyncRead for Sealed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        std::task::ready!(Pin::new(&mut self.tar).poll_read(context, buffer))?;
        if buffer.filled().len() > before || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let Some(whole) = self.whole.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        let whole = std::task::ready!(Pin::new(whole).poll(context));
        if whole == Ok(true) {
            self.whole = None;
            Poll::Ready(Ok(()))
        } else {
            // The receiver is used up. A reader that continues after the error gets the same error.
            self.whole = Some(oneshot::channel().1);
            Poll::Ready(Err(io::Error::other("the recipe ended early")))
        }
    }
}

/// What a recipe wrote to standard error.
#[derive(Debug, Default)]
struct Told {
    from: String,
    words: Vec<String>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.words.is_empty() {
            return f.write_str("no message");
        }
        f.write_str(&self.words.join("; "))
    }
}

async fn listen(stderr: ChildStderr, reporter: &dyn Reporter) -> Told {
    let mut told = Told::default();
    let mut lines = BufReader::new(stderr).split(b'\n');
    let mut last = None;
    while let Ok(Some(line)) = lines.next_segment().await {
        match Line::parse(&String::from_utf8_lossy(&line)) {
            Line::From(from) => told.from = from,
            Line::Progress(progress) => {
                if last.as_ref() != Some(&progress) {
                    reporter.report(&Event::Progress(Phase::Images, progress.clone()));
                    last = Some(progress);
                }
            }
            Line::Words(words) => told.words.push(words),
            Line::Nothing => {}
        }
    }
    let surplus = told.words.len().saturating_sub(WORDS);
    told.words.drain(..surplus);
    told
}

/// One line of a recipe's standard error.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    From(String),
    Progress(Progress),
    Words(String),
    Nothing,
}

impl Line {
    fn parse(line: &str) -> Self {
        let line = line.trim();
        if let Some(from) = line.strip_prefix("from: ") {
            return Self::From(from.to_owned());
        }
        if let Some(step) = line.strip_prefix("step: ") {
            let mut parts = step.splitn(3, ' ');
            let mut number = || parts.next().and_then(|part| part.parse().ok());
            if let (Some(done), Some(total)) = (number(), number()) {
                let subject = parts.next().unwrap_or("building");
                return Self::Progress(items(subject, done, total));
            }
        }
        // A line of apt: `dlstatus:7:6.9009:Retrieving file 7 of 72`.
        if let Some(status) = line.strip_prefix("dlstatus:") {
            let counted = status
                .rsplit_once("Retrieving file ")
                .and_then(|(_, count)| count.split_once(" of "))
                .and_then(|(done, rest)| {
                    let total = rest.split(' ').next()?;
                    Some((done.parse().ok()?, total.parse().ok()?))
                });
            return match counted {
                Some((done, total)) => Self::Progress(items("packages", done, total)),
                None => Self::Nothing,
            };
        }
        if line.is_empty() {
            Self::Nothing
        } else {
            Self::Words(line.to_owned())
        }
    }
}

fn items(subject: &str, done: u64, total: u64) -> Progress {
    Progress {
        subject: subject.to_owned(),
        done,
        total: Some(total),
        unit: ProgressUnit::Items,
    }
}

/// The result of a build. The recipe explains its exit codes.
fn outcome(
    status: io::Result<ExitStatus>,
    imported: Result<(), EngineError>,
    told: Told,
) -> Result<String, BuildError> {
    let status = status.map_err(BuildError::Run)?;
    match (status.code(), imported) {
        (Some(0), Ok(())) => Ok(told.from),
        (Some(10), _) => Err(BuildError::Host(told.to_string())),
        (Some(11), _) => Err(BuildError::Version(told.to_string())),
        (Some(12), _) => Err(BuildError::Mirror(told.to_string())),
        (Some(13), _) => Err(BuildError::NoSpace(told.to_string())),
        (Some(14), _) => Err(BuildError::Recipe(told.to_string())),
        // We ended it, or the engine stopped reading its tar. The engine's error says why.
        (Some(0 | 141 | 143) | None, Err(error)) => Err(BuildError::Engine(error)),
        (_, _) if told.to_string().to_lowercase().contains("no space left") => {
            Err(BuildError::NoSpace(told.to_string()))
        }
        (_, _) => Err(BuildError::Recipe(format!("{told} ({status})"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_s_lines_become_progress_or_messages() {
        for (line, meaning) in [
            (
                "from: Debian trixie",
                Line::From("Debian trixie".to_owned()),
            ),
            (
                "step: 2 5 unpacking packages",
                Line::Progress(items("unpacking packages", 2, 5)),
            ),
            (
                "dlstatus:7:6.9009:Retrieving file 7 of 72",
                Line::Progress(items("packages", 7, 72)),
            ),
            (
                "dlstatus:7:6.9009:Retrieving file 7 of 72 (3s remaining)",
                Line::Progress(items("packages", 7, 72)),
            ),
            ("dlstatus:1:0:Waiting", Line::Nothing),
            ("", Line::Nothing),
            ("step: soon", Line::Words("step: soon".to_owned())),
            ("E: broken", Line::Words("E: broken".to_owned())),
        ] {
            assert_eq!(Line::parse(line), meaning, "{line}");
        }
    }
}
