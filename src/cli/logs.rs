//! `lab logs`: shows the logs of nodes and services.

use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use clap::Args;
use replication_lab::engine::Container;
use replication_lab::exit::Exit;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::Command;

use super::Context;
use super::arguments::LabArgument;
use super::output;

const AFTER_HELP: &str = "\
Examples:
  lab logs physical-sync
  lab logs physical-sync replica --tail 20
  lab logs physical-sync replica --follow

Control characters in a log are shown (`\\x1b`), also in a file or a pipe; --raw prints what the server wrote.";

/// Show the log of a node or service, or all logs of a lab.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct LogsCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// The node or service. Default: all of them.
    node: Option<String>,
    /// Print only the last lines.
    #[arg(long, short = 'n', value_name = "LINES")]
    tail: Option<usize>,
    /// Keep printing new lines. Needs Docker's client and a node.
    #[arg(long, short, requires = "node")]
    follow: bool,
    /// Print control characters as they are.
    #[arg(long)]
    raw: bool,
}

impl LogsCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let lab = self.lab.find().await?;
        if let (true, Some(node)) = (self.follow, &self.node) {
            return self.follow(lab.container(node)?, context).await;
        }
        if let Some(node) = &self.node {
            let container = lab.container(node)?;
            self.print(&lab.engine.logs(&container.name, self.tail).await?)?;
            return Ok(Exit::Done);
        }
        let nodes = lab
            .nodes()
            .map(|(node, container)| (node.name.as_str(), container));
        let services = lab
            .services()
            .map(|(service, container)| (service.name.as_str(), container));
        let all: Vec<_> = nodes.chain(services).collect();
        let width = all.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, container) in all {
            let Some(container) = container else { continue };
            let log = lab.engine.logs(&container.name, self.tail).await?;
            let lines = log.lines().map(|line| format!("{name:<width$} | {line}\n"));
            self.print(&lines.collect::<String>())?;
        }
        Ok(Exit::Done)
    }

    fn print(&self, text: &str) -> Result<bool> {
        if self.raw {
            output::print_raw(text)
        } else {
            output::print_on(text)
        }
    }

    /// Docker's client follows a log. Unless the log is wanted raw, its lines are printed here.
    async fn follow(&self, container: &Container, context: &Context) -> Result<Exit> {
        let mut command = Command::new("docker");
        command.args(["logs", "--follow"]);
        if let Some(tail) = self.tail {
            command.arg(format!("--tail={tail}"));
        }
        command.arg(&container.name);
        if self.raw {
            return Err(command.as_std_mut().exec()).context("running Docker's client");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = command
            .kill_on_drop(true)
            .spawn()
            .context("running Docker's client")?;
        let (out, err) = (client.stdout.take(), client.stderr.take());
        let ended = async {
            tokio::try_join!(lines(out), lines(err))?;
            client.wait().await
        };
        tokio::select! {
            ended = ended => match ended {
                Ok(status) if status.success() => Ok(Exit::Done),
                Ok(_) => Ok(Exit::Environment),
                // Nobody reads any more.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
                Err(error) => Err(error).context("following the log"),
            },
            () = context.cancel.cancelled() => Ok(Exit::Done),
        }
    }
}

/// Prints each line as it comes.
async fn lines(from: Option<impl AsyncRead + Unpin>) -> io::Result<()> {
    /// A line without an end is printed in pieces.
    const MOST: u64 = 1 << 20;
    let Some(from) = from else { return Ok(()) };
    let (mut from, mut line) = (BufReader::new(from), Vec::new());
    while (&mut from).take(MOST).read_until(b'\n', &mut line).await? > 0 {
        let is_read = output::print_on(&String::from_utf8_lossy(&line));
        if !is_read.map_err(io::Error::other)? {
            return Err(ErrorKind::BrokenPipe.into());
        }
        line.clear();
    }
    Ok(())
}
