//! Reading the command line, and what is said about one that cannot be read.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _, FromArgMatches as _};
use replication_lab::exit::Exit;

use super::failure::Misuse;
use super::{Cli, completions, failure, only_lab, overview};

/// The command with its help.
pub(super) fn command() -> Command {
    completions::completing(overview::grouped(Cli::command()))
}

/// Reads the arguments, of which the first is the program.
pub(super) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Verbs that people know from other programs.
const KNOWN_ELSEWHERE: [(&str, &str, &str); 15] = [
    ("rm", "down", "removes labs"),
    ("remove", "down", "removes labs"),
    ("delete", "down", "removes labs"),
    ("destroy", "down", "removes labs"),
    (
        "kill",
        "stop",
        "stops nodes, with `--mode immediate` as a crash does",
    ),
    ("ls", "list", "lists the catalogue and the existing labs"),
    ("ps", "status", "lists the existing labs"),
    ("create", "up", "starts a lab"),
    ("new", "up", "starts a lab"),
    ("test", "run", "runs scenarios as tests"),
    ("sql", "psql", "opens psql on a node"),
    ("sh", "exec", "runs a program in a node's container"),
    ("shell", "exec", "runs a program in a node's container"),
    ("validate", "check", "reports every error in scenario files"),
    ("failover", "promote", "makes a standby the primary"),
];

/// A hint for a verb that `lab` does not have.
fn known_elsewhere(verb: &str) -> Option<String> {
    let known = KNOWN_ELSEWHERE.iter().find(|(other, ..)| *other == verb)?;
    let (_, ours, does) = known;
    Some(format!("`lab {ours}` {does}"))
}

/// Whether the arguments ask for JSON.
pub(super) fn asks_json(arguments: &[OsString], command: &Command) -> bool {
    let words: Vec<_> = arguments
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let mut verbs = words.iter().skip(1);
    let verb = verbs.find_map(|word| command.find_subcommand(word.as_ref()));
    let reports = verb.is_none_or(|verb| {
        verb.get_arguments()
            .any(|argument| argument.get_id() == "output")
    });
    let mut ours = words.iter().take_while(|word| *word != "--");
    let mut asks = false;
    while let Some(word) = ours.next() {
        let value = match word.strip_prefix("--output") {
            Some("") => Some(""),
            Some(rest) => rest.strip_prefix('='),
            None => short_output(word, verb),
        };
        asks |= match value {
            Some("") => ours.next().is_some_and(|value| value == "json"),
            value => value == Some("json"),
        };
    }
    reports && asks
}

/// The value of `-o` among short options: `json` of `-qojson`, nothing of `-qo`, whose value is the next word.
fn short_output<'w>(word: &'w str, verb: Option<&Command>) -> Option<&'w str> {
    let options = word.strip_prefix('-')?;
    let has_value = |letter: char| {
        let mut arguments = verb.into_iter().flat_map(Command::get_arguments);
        let mut named = arguments
            .by_ref()
            .filter(|it| it.get_short() == Some(letter));
        letter == 'o' || named.any(|it| it.get_action().takes_values())
    };
    let at = options.find(|letter| letter == '-' || has_value(letter))?;
    let value = options[at..].strip_prefix('o')?;
    Some(value.strip_prefix('=').unwrap_or(value))
}

/// Shows why the arguments cannot be read, or the help that they ask for. `labs` are those that a missing name could be.
pub(super) fn show(
    error: &clap::Error,
    arguments: &[OsString],
    labs: Option<&[String]>,
    json: bool,
) -> ExitCode {
    if let Some(misuse) = misuse(error, arguments, labs) {
        return failure::end(&misuse.into(), json);
    }
    if error.use_stderr() && json {
        let message = without_prefix(&error.to_string());
        let hint = None;
        failure::document(&Misuse { message, hint }.into());
    }
    // If the stream is closed, nobody reads it.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage.into()
    } else {
        Exit::Done.into()
    }
}

/// The first paragraph of an error.
fn without_prefix(error: &str) -> String {
    let first = error.split("\n\n").next().unwrap_or_default();
    first.trim_start_matches("error: ").trim_end().to_owned()
}

/// An error that `lab` explains better than the reader of its arguments.
fn misuse(error: &clap::Error, arguments: &[OsString], labs: Option<&[String]>) -> Option<Misuse> {
    match (error.kind(), labs) {
        (ErrorKind::InvalidSubcommand, _) => {
            let Some(ContextValue::String(verb)) = error.get(ContextKind::InvalidSubcommand) else {
                return None;
            };
            let hint = Some(known_elsewhere(verb)?);
            let message = format!("`lab` has no verb `{verb}`");
            Some(Misuse { message, hint })
        }
        (ErrorKind::MissingRequiredArgument, Some(labs)) => {
            let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
                return None;
            };
            let is_name = |argument: &String| argument.starts_with("<NAME");
            let which = || only_lab::refusal(arguments, labs).unwrap_or_else(|| which(labs));
            missing.iter().any(is_name).then(which)
        }
        _ => None,
    }
}

/// The lab's name is missing, and not one lab alone exists.
fn which(labs: &[String]) -> Misuse {
    let (message, hint) = match labs {
        [] => (
            "no lab exists",
            "`lab up physical-sync` starts one".to_owned(),
        ),
        [_] => (
            "an argument is missing",
            "`--help` after the verb shows its arguments".to_owned(),
        ),
        several => (
            "several labs exist: name one",
            format!("running now: {}", several.join(", ")),
        ),
    };
    Misuse {
        message: message.to_owned(),
        hint: Some(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn said(line: &str, labs: Option<&[&str]>) -> Option<String> {
        let labs = labs.map(|labs| labs.iter().map(ToString::to_string).collect::<Vec<_>>());
        let words = words(line);
        let error = parse(&words).expect_err("no command line");
        let misuse = misuse(&error, &words, labs.as_deref())?;
        Some(format!(
            "{}; {}",
            misuse.message,
            misuse.hint.unwrap_or_default()
        ))
    }

    #[test]
    fn a_verb_of_another_program_names_ours() {
        assert_eq!(
            said("lab rm physical-sync", None).as_deref(),
            Some("`lab` has no verb `rm`; `lab down` removes labs")
        );
        assert_eq!(
            said("lab statsu", None),
            None,
            "the reader has a suggestion of its own"
        );
        for (other, ours, _) in KNOWN_ELSEWHERE {
            assert!(command().find_subcommand(ours).is_some(), "{ours}");
            assert!(command().find_subcommand(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_missing_name_is_asked_for_with_the_choice() {
        assert_eq!(
            said("lab psql", Some(&[])).as_deref(),
            Some("no lab exists; `lab up physical-sync` starts one")
        );
        assert_eq!(
            said("lab down", Some(&["a", "b"])).as_deref(),
            Some("several labs exist: name one; running now: a, b")
        );
        assert_eq!(said("lab psql", None), None);
    }

    #[test]
    fn json_is_asked_for_before_the_arguments_of_other_programs() {
        let asks = |line| asks_json(&words(line), &command());
        for line in [
            "lab status -o json",
            "lab status --output=json x",
            "lab nothing --output json",
            "lab -v down -ojson",
            "lab down -qo json",
            "lab down -qojson",
            "lab down -o=json",
        ] {
            assert!(asks(line), "{line}");
        }
        for line in [
            "lab status",
            "lab status -o table json",
            "lab status -otable json",
            "lab run -jo json",
            "lab status --output-json",
            "lab exec a b psql -o json",
            "lab psql a -- -o json",
        ] {
            assert!(!asks(line), "{line}");
        }
    }
}
