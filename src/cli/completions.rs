//! `lab completions`: prints completion scripts for shells. The script asks `lab` itself, which knows the labs that exist.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use anyhow::Result;
use clap::{Arg, Args, Command};
use clap_complete::Shell;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::{CompleteEnv, Shells};
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::{Lab, running};
use replication_lab::name::LabName;
use replication_lab::scenario::catalog;

use super::failure::Misuse;
use super::{output, usage};

const AFTER_HELP: &str = "\
Examples:
  lab completions bash > ~/.local/share/bash-completion/completions/lab
  lab completions zsh  > ~/.zfunc/_lab
  lab completions fish > ~/.config/fish/completions/lab.fish

The script completes verbs, options, scenarios, the names of existing labs and their nodes.";

/// The variable by which a script asks.
const VARIABLE: &str = "LAB_COMPLETE";

/// The longest that a key press waits for Docker.
const PATIENCE: Duration = Duration::from_millis(700);

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CompletionsCommand {
    /// The shell.
    shell: Shell,
}

impl CompletionsCommand {
    pub(super) fn run(self) -> Result<Exit> {
        let shells = Shells::builtins();
        let name = self.shell.to_string();
        let Some(shell) = shells.completer(&name) else {
            let message = format!("there are no completions for `{name}`");
            return Err(Misuse {
                message,
                hint: None,
            }
            .into());
        };
        let mut script = Vec::new();
        shell.write_registration(VARIABLE, "lab", "lab", "lab", &mut script)?;
        output::print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}

/// Answers a shell's script and ends the program, if one asks.
pub(super) fn answer() {
    CompleteEnv::with_factory(usage::command)
        .var(VARIABLE)
        .complete();
}

/// The command, with what completes names: of labs, of nodes, of scenarios.
pub(super) fn completing(command: Command) -> Command {
    let is_run = command.get_name() == "run";
    let named = |argument: Arg| match argument.get_id().as_str() {
        "name" | "names" if argument.is_positional() => argument.add(labs()),
        "node" | "nodes" | "upstream" => argument.add(nodes()),
        // `from` is a step, where `run` has it.
        "from" | "to" if !is_run => argument.add(nodes()),
        "lab" | "labs" => argument.add(scenarios()),
        _ => argument,
    };
    command.mut_args(named).mut_subcommands(completing)
}

/// The existing labs.
fn labs() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let labs = async {
            let docker = Engine::connect().await.ok()?;
            running(&docker).await.ok()
        };
        those_like(word, wait(labs).unwrap_or_default())
    })
}

/// The nodes of the lab that the command line names, or of the only one.
fn nodes() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let nodes = async {
            let docker = Engine::connect().await.ok()?;
            let labs = running(&docker).await.ok()?;
            let lab = LabName::new(named(&typed(), &labs)?.to_owned()).ok()?;
            let lab = Lab::find(docker, &lab).await.ok()?;
            Some(
                lab.plan
                    .nodes
                    .iter()
                    .map(|node| node.name.to_string())
                    .collect(),
            )
        };
        those_like(word, wait(nodes).unwrap_or_default())
    })
}

/// The catalogue, and files.
fn scenarios() -> ArgValueCompleter {
    ArgValueCompleter::new(|word: &OsStr| {
        let names = catalog::embedded()
            .into_iter()
            .map(|lab| lab.name.to_owned());
        let mut candidates = those_like(word, names.collect());
        candidates.extend(PathCompleter::file().complete(word));
        candidates
    })
}

fn those_like(word: &OsStr, mut names: Vec<String>) -> Vec<CompletionCandidate> {
    let word = word.to_string_lossy();
    names.retain(|name| name.starts_with(word.as_ref()));
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The command line that is being typed: the script passes it after `--`.
fn typed() -> Vec<OsString> {
    let all = std::env::args_os().skip_while(|word| word != "--");
    all.skip(1).collect()
}

/// The lab among the words of a command line, or the only lab.
fn named<'a>(typed: &[OsString], labs: &'a [String]) -> Option<&'a str> {
    let named = labs
        .iter()
        .find(|lab| typed.iter().any(|word| word == lab.as_str()));
    match (named, labs) {
        (Some(lab), _) | (None, [lab]) => Some(lab),
        _ => None,
    }
}

/// An answer of Docker's, if it comes soon.
fn wait<T>(answer: impl Future<Output = Option<T>>) -> Option<T> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().ok()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await.ok().flatten() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_not_completed_as_a_node() {
        let command = usage::command();
        let completes = |verb: &str, argument: &str| {
            let verb = verb.split(' ').fold(&command, |command, verb| {
                command.find_subcommand(verb).expect("a verb")
            });
            let mut arguments = verb.get_arguments();
            let argument = arguments.find(|it| it.get_id() == argument);
            argument
                .expect("an argument")
                .get::<ArgValueCompleter>()
                .is_some()
        };
        assert!(completes("fault delay", "from") && completes("psql", "node"));
        assert!(!completes("run", "from"));
    }

    #[test]
    fn nodes_are_those_of_the_lab_that_is_typed_or_of_the_only_one() {
        let typed = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let labs = ["a".to_owned(), "b".to_owned()];
        assert_eq!(named(&typed("lab psql b "), &labs), Some("b"));
        assert_eq!(named(&typed("lab psql "), &labs), None);
        assert_eq!(named(&typed("lab psql "), &labs[..1]), Some("a"));
        assert_eq!(named(&typed("lab psql "), &[]), None);
    }
}
