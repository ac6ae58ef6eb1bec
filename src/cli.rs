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
mod failure;
mod fault;
mod gc;
mod heal;
mod images;
mod interrupt;
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

use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use replication_lab::exit::Exit;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
struct Cli {
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

/// The program: parses, listens to signals, runs one verb, shows its error, and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.start_tracing();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failure::show(&error.into()),
    };
    let done = runtime.block_on(async {
        let cancel = interrupt::listen(cli.cleans_up());
        cli.run(&cancel).await
    });
    // Background connections have nothing left to say, so nobody waits for them.
    runtime.shutdown_background();
    match done {
        Ok(code) => code.into(),
        Err(error) => failure::show(&error),
    }
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
    fn start_tracing(&self) {
        let asked = match self.verbose {
            0 | 1 => Targets::new().with_default(LevelFilter::ERROR),
            2 => Targets::new().with_target("replication_lab", LevelFilter::DEBUG),
            _ => Targets::new().with_default(LevelFilter::DEBUG),
        };
        let given = std::env::var("LAB_LOG").ok();
        let given = given.and_then(|targets| targets.parse::<Targets>().ok());
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(|| output::Traces)
            .with_ansi(failure::colours())
            .with_target(false);
        tracing_subscriber::registry()
            .with(lines)
            .with(given.unwrap_or(asked))
            .init();
    }

    /// Whether an interrupt leaves something to clean up. Who only watches ends so.
    fn cleans_up(&self) -> bool {
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

    async fn run(self, cancel: &CancellationToken) -> anyhow::Result<Exit> {
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
