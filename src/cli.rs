//! The command line: its arguments, and the verb that they run.
//!
//! Each verb is a file: its arguments, one call of the library, a report. Messages go to standard error, data to standard
//! output.

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
mod only_lab;
mod output;
mod overview;
mod plan;
mod progress;
mod psql;
mod run;
mod schema;
mod secrets;
mod server;
mod show;
mod status;
mod step;
mod up;
mod usage;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgAction, Command, Parser, Subcommand};
use replication_lab::exit::Exit;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

const AFTER_HELP: &str = "\
Examples:
  lab up physical-sync                     start a lab, load its data, prove
                                           that it replicates
  lab status physical-sync                 show the state of every node
  lab psql physical-sync replica           open psql on a node
  lab down physical-sync                   remove the lab without a trace

Exit codes:
    0  success
    1  a check failed
    2  wrong usage, or an invalid scenario
    3  Docker or the environment failed
  130  interrupted";

/// Start real PostgreSQL replication topologies on Docker, each from one YAML file, and prove that they replicate.
#[derive(Debug, Parser)]
#[command(name = "lab", version, about, after_help = AFTER_HELP, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print more: -v phases and their times, -vv every call to Docker, -vvv everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Print only errors and results.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print tables as wide as they are, also on a terminal.
    #[arg(long, global = true)]
    wide: bool,
}

/// The verbs. Their help is the description of their arguments' type.
#[derive(Debug, Subcommand)]
enum Verb {
    List(list::ListCommand),
    Show(show::ShowCommand),
    Check(check::CheckCommand),
    Plan(plan::PlanCommand),
    Up(up::UpCommand),
    Run(run::RunCommand),
    Step(step::StepCommand),
    Promote(server::PromoteCommand),
    Follow(server::FollowCommand),
    Rewind(server::RewindCommand),
    Reclone(server::RecloneCommand),
    Stop(server::StopCommand),
    Start(server::StartCommand),
    Restart(server::RestartCommand),
    Status(status::StatusCommand),
    Monitor(monitor::MonitorCommand),
    Verify(verify::VerifyCommand),
    Psql(psql::PsqlCommand),
    Exec(exec::ExecCommand),
    Logs(logs::LogsCommand),
    Fault(fault::FaultCommand),
    Heal(heal::HealCommand),
    Env(env::EnvCommand),
    Down(down::DownCommand),
    Gc(gc::GcCommand),
    Images(images::ImagesCommand),
    Schema(schema::SchemaCommand),
    Completions(completions::CompletionsCommand),
    Doctor(doctor::DoctorCommand),
}

/// The program: reads the command line, listens to signals, runs one verb, shows its error, gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    completions::answer();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let command = usage::command();
    let json = usage::asks_json(&arguments, &command);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failure::end(&error.into(), json),
    };
    let ended = match usage::parse(&arguments) {
        Ok(cli) => runtime.block_on(cli.ends(&arguments, &command, json)),
        Err(error) => runtime.block_on(async {
            let labs = if error.use_stderr() {
                only_lab::choice(&arguments, &command).await
            } else {
                None
            };
            let reread = labs.as_deref();
            match reread.and_then(|labs| only_lab::reread(&arguments, &command, labs)) {
                Some(cli) => cli.ends(&arguments, &command, json).await,
                None => usage::show(&error, &arguments, labs.as_deref(), json),
            }
        }),
    };
    // Background connections need no orderly end, so the program does not wait for them.
    runtime.shutdown_background();
    ended
}

/// Global options and the interrupt, for every verb.
#[derive(Debug, Clone)]
struct Context {
    /// Cancelled by the first ctrl-C.
    cancel: CancellationToken,
    verbose: u8,
    quiet: bool,
}

impl Cli {
    /// Starts tracing to standard error, at the level that `-v` sets. `LAB_LOG` overrides the level.
    fn start_tracing(&self) {
        let asked = match self.verbose {
            0 | 1 => Targets::new().with_default(LevelFilter::ERROR),
            2 => Targets::new().with_target("replication_lab", LevelFilter::DEBUG),
            _ => Targets::new().with_default(LevelFilter::DEBUG),
        };
        let given = std::env::var("LAB_LOG").ok();
        let given = given.and_then(|targets| targets.parse::<Targets>().ok());
        let coloured = failure::colours();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(move || output::Traces { coloured })
            .with_ansi(coloured)
            .with_target(false);
        tracing_subscriber::registry()
            .with(lines)
            .with(given.unwrap_or(asked))
            .init();
    }

    /// Runs the verb and shows its error.
    async fn ends(self, arguments: &[OsString], command: &Command, json: bool) -> ExitCode {
        self.start_tracing();
        if self.wide {
            output::widen();
        }
        let cancel = interrupt::listen(self.cleans_up());
        let only_asks = self.only_asks();
        let ran = tokio::select! {
            ran = Box::pin(self.run(&cancel)) => ran,
            () = cancel.cancelled(), if only_asks => Ok(Exit::Interrupted),
        };
        let error = match ran {
            Ok(code) => return code.into(),
            Err(error) => error,
        };
        let Some(cli) = only_lab::instead(arguments, command, &error).await else {
            return failure::end(&error, json);
        };
        match Box::pin(cli.run(&cancel)).await {
            Ok(code) => code.into(),
            Err(error) => failure::end(&error, json),
        }
    }

    /// Whether this verb changes nothing, so that an interrupt ends it wherever it is.
    fn only_asks(&self) -> bool {
        let Some(verb) = &self.verb else { return true };
        matches!(
            verb,
            Verb::List(_)
                | Verb::Show(_)
                | Verb::Check(_)
                | Verb::Plan(_)
                | Verb::Status(_)
                | Verb::Env(_)
                | Verb::Psql(_)
                | Verb::Exec(_)
                | Verb::Doctor(_)
        )
    }

    /// Whether this verb cleans up after an interrupt. The others have nothing to clean up.
    fn cleans_up(&self) -> bool {
        let Some(verb) = &self.verb else { return false };
        !self.only_asks()
            && !matches!(
                verb,
                Verb::Monitor(_)
                    | Verb::Logs(_)
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
        let Some(verb) = self.verb else {
            return overview::print().await;
        };
        match verb {
            Verb::List(verb) => verb.run().await,
            Verb::Show(verb) => verb.run().await,
            Verb::Check(verb) => verb.run(),
            Verb::Plan(verb) => verb.run().await,
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
            Verb::Logs(verb) => verb.run(&context).await,
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
