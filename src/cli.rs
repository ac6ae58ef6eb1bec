//! The command line: what may be typed, and which verb it runs.
//!
//! Each verb is a file: its arguments, one call of the library, a report. Talk goes to standard error, data to
//! standard output.

mod arguments;
mod check;
mod completions;
mod doctor;
mod down;
mod env;
mod exec;
pub(crate) mod failure;
mod fault;
mod gc;
mod heal;
mod images;
pub(crate) mod interrupt;
mod list;
mod logs;
mod monitor;
mod output;
mod plan;
mod progress;
mod psql;
mod run;
mod schema;
mod server;
mod show;
mod status;
mod step;
mod up;
mod verify;

use clap::{ArgAction, Parser, Subcommand};
use replication_lab::exit::Exit;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

const AFTER_HELP: &str = "\
Examples:
  lab up physical-sync                     bring a lab up, fill it, prove that it replicates
  lab status physical-sync                 what every node is doing now
  lab psql physical-sync replica           type SQL on a node
  lab down physical-sync                   take it away without a trace

Exit codes:
    0  done
    1  a check failed
    2  usage, or a bad scenario
    3  Docker or the environment
  130  interrupted";

/// Real PostgreSQL replication topologies on Docker, from one YAML file, proven to replicate.
#[derive(Debug, Parser)]
#[command(name = "lab", version, about, after_help = AFTER_HELP, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// Say more: -v phases with their times, -vv every call to Docker, -vvv everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Say nothing but errors and results.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The catalogue, one line each, and the labs that exist now.
    List(list::List),
    /// What a lab teaches, and its topology drawn.
    Show(show::Show),
    /// Report everything that is wrong with scenario files; needs no Docker.
    Check(check::Check),
    /// What `up` would do: nodes, order, files with their content; needs no Docker.
    Plan(plan::Plan),
    /// Bring a lab up, fill it and prove that it replicates.
    Up(up::Up),
    /// Bring a lab up, walk through its steps, take it away: a scenario as a test.
    Run(run::Run),
    /// Do the next of a running lab's steps.
    Step(step::Step),
    /// Make a standby a primary.
    Promote(server::Promote),
    /// Make a node stream from another one.
    Follow(server::FollowNode),
    /// Make an old primary a standby again, with `pg_rewind`.
    Rewind(server::Rewind),
    /// Begin a node again with a base backup of another.
    Reclone(server::Reclone),
    /// Stop nodes.
    Stop(server::StopNodes),
    /// Start stopped nodes.
    Start(server::Start),
    /// Stop nodes and start them again.
    Restart(server::Restart),
    /// What every node of a lab is doing now.
    Status(status::Status),
    /// Replication state and lag of every edge.
    Monitor(monitor::Monitor),
    /// Prove again that a running lab replicates.
    Verify(verify::Verify),
    /// Type SQL on a node.
    Psql(psql::Psql),
    /// Run a program in a node's container.
    Exec(exec::Exec),
    /// What a node's server wrote.
    Logs(logs::Logs),
    /// Break the network between nodes, or freeze nodes.
    Fault(fault::Fault),
    /// Make whole what `fault`, or a step, broke.
    Heal(heal::Heal),
    /// Connection settings, for shells and programs.
    Env(env::Env),
    /// Take labs away, whatever state they are in.
    Down(down::Down),
    /// Remove what crashed processes left behind.
    Gc(gc::Gc),
    /// The PostgreSQL images that labs run on.
    Images(images::Images),
    /// The JSON Schema of scenario files, and the page about steps.
    Schema(schema::Schema),
    /// A completion script for a shell.
    Completions(completions::Completions),
    /// What would fail on this machine, and how to mend it.
    Doctor(doctor::Doctor),
}

/// What every verb may need to know.
#[derive(Debug, Clone)]
struct Context {
    /// Cancelled by the first ctrl-c.
    cancel: CancellationToken,
    verbose: u8,
    quiet: bool,
}

impl Cli {
    /// Traces to standard error as far as `-v` asks for; `LAB_LOG` overrides it.
    pub(crate) fn start_tracing(&self) {
        let level = match self.verbose {
            0 | 1 => "error",
            2 => "replication_lab=debug",
            _ => "debug",
        };
        let filter = EnvFilter::try_from_env("LAB_LOG").unwrap_or_else(|_| EnvFilter::new(level));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(|| output::Traces)
            .with_ansi(failure::colours())
            .with_target(false)
            .init();
    }

    /// Whether an interrupt leaves something to clean up. Who only watches ends so.
    pub(crate) fn cleans_up(&self) -> bool {
        !matches!(
            self.verb,
            Verb::Monitor(_)
                | Verb::Step(_)
                | Verb::Promote(_)
                | Verb::Follow(_)
                | Verb::Rewind(_)
                | Verb::Reclone(_)
                | Verb::Stop(_)
                | Verb::Start(_)
                | Verb::Restart(_)
        )
    }

    pub(crate) async fn run(self, cancel: &CancellationToken) -> anyhow::Result<Exit> {
        let context = Context {
            cancel: cancel.clone(),
            verbose: self.verbose,
            quiet: self.quiet,
        };
        match self.verb {
            Verb::List(verb) => verb.run().await,
            Verb::Show(verb) => verb.run(),
            Verb::Check(verb) => verb.run(),
            Verb::Plan(verb) => verb.run(),
            Verb::Up(verb) => verb.run(&context).await,
            Verb::Run(verb) => Box::pin(verb.run(&context)).await,
            Verb::Step(verb) => Box::pin(verb.run(&context)).await,
            Verb::Promote(verb) => verb.run(&context).await,
            Verb::Follow(verb) => verb.run(&context).await,
            Verb::Rewind(verb) => verb.run(&context).await,
            Verb::Reclone(verb) => verb.run(&context).await,
            Verb::Stop(verb) => verb.run(&context).await,
            Verb::Start(verb) => verb.run(&context).await,
            Verb::Restart(verb) => verb.run(&context).await,
            Verb::Status(verb) => verb.run().await,
            Verb::Monitor(verb) => verb.run(&context).await,
            Verb::Verify(verb) => verb.run(&context).await,
            Verb::Psql(verb) => verb.run().await,
            Verb::Exec(verb) => verb.run().await,
            Verb::Logs(verb) => verb.run().await,
            Verb::Fault(verb) => verb.run(&context).await,
            Verb::Heal(verb) => verb.run(&context).await,
            Verb::Env(verb) => verb.run().await,
            Verb::Down(verb) => verb.run(&context).await,
            Verb::Gc(verb) => verb.run(&context).await,
            Verb::Images(verb) => verb.run(&context).await,
            Verb::Schema(verb) => verb.run(),
            Verb::Completions(verb) => verb.run(),
            Verb::Doctor(verb) => verb.run().await,
        }
    }
}
