//! A lab's name may be left out if only one lab exists.
//!
//! Verbs declare the name as usual. A command line that does not parse, or whose name is no lab's, is read again with the
//! only lab's name after the verb. The errors of that second reading would be about a word that nobody typed, so the
//! first error is the one that is shown.
//!
//! An empty word is a variable that a script forgot to set, and a lab's name that stands there already is the one that is
//! meant: then nothing is guessed. What a script did not name is not removed either.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;

use clap::Command;
use replication_lab::engine::Engine;
use replication_lab::lab::{Lab, LabError, running};
use replication_lab::name::LabName;

use super::Cli;
use super::failure::Misuse;
use super::output::say;

/// The place of the verb in the arguments.
fn verb(arguments: &[OsString]) -> Option<usize> {
    let is_option = |argument: &OsString| argument.to_string_lossy().starts_with('-');
    Some(arguments.iter().skip(1).position(|word| !is_option(word))? + 1)
}

/// The place of an existing lab's name in the arguments; `None` if their verb takes none.
fn place(arguments: &[OsString], command: &Command) -> Option<usize> {
    let verb = verb(arguments)?;
    let declared = command.find_subcommand(arguments[verb].to_str()?)?;
    let first = declared.get_positionals().next()?;
    matches!(first.get_id().as_str(), "name" | "names").then_some(verb + 1)
}

/// The arguments with the name of `lab` in its place.
fn with_name(arguments: &[OsString], command: &Command, lab: &str) -> Option<Vec<OsString>> {
    let place = place(arguments, command)?;
    let mut named = arguments.to_vec();
    named.insert(place, lab.into());
    Some(named)
}

/// The labs that a name left out could be; `None` if nobody knows, or the verb takes no name.
pub(super) async fn choice(arguments: &[OsString], command: &Command) -> Option<Vec<String>> {
    place(arguments, command)?;
    let docker = Engine::connect().await.ok()?;
    running(&docker).await.ok()
}

/// Whether the name was left out: none of `labs` stands there, and no empty word.
fn is_left_out(arguments: &[OsString], labs: &[String]) -> bool {
    let mut ours = arguments.iter().skip(1).take_while(|word| *word != "--");
    !ours.any(|word| word.is_empty() || labs.iter().any(|lab| word == lab.as_str()))
}

/// Why nothing is removed without a name: nobody sees which lab it would be.
pub(super) fn refusal(arguments: &[OsString], labs: &[String]) -> Option<Misuse> {
    let [only] = labs else { return None };
    let removes = arguments.get(verb(arguments)?)? == "down";
    let is_seen = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    (removes && !is_seen).then(|| Misuse {
        message: "without a name `lab down` removes the only lab on a terminal alone".to_owned(),
        hint: Some(format!("name it: `lab down {only}`")),
    })
}

/// The command line with the only lab's name, if it is complete with it.
pub(super) fn reread(arguments: &[OsString], command: &Command, labs: &[String]) -> Option<Cli> {
    let [only] = labs else { return None };
    if !is_left_out(arguments, labs) || refusal(arguments, labs).is_some() {
        return None;
    }
    let cli = super::usage::parse(&with_name(arguments, command, only)?).ok()?;
    if !cli.quiet {
        say(&format!("the lab is `{only}`, the only one"));
    }
    Some(cli)
}

/// The command line with the only lab's name, after an error that says that a node of it is no lab:
/// `lab psql replica`.
pub(super) async fn instead(
    arguments: &[OsString],
    command: &Command,
    error: &anyhow::Error,
) -> Option<Cli> {
    let LabError::NotFound {
        lab: given,
        running,
    } = error.downcast_ref()?
    else {
        return None;
    };
    let place = place(arguments, command)?;
    if arguments.get(place).map(OsString::as_os_str) != Some(OsStr::new(given)) {
        return None;
    }
    let [only] = running.as_slice() else {
        return None;
    };
    let docker = Engine::connect().await.ok()?;
    let lab = Lab::find(docker, &LabName::new(only.clone()).ok()?)
        .await
        .ok()?;
    lab.container(given).ok()?;
    reread(arguments, command, running)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(line: &str) -> Option<String> {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let named = with_name(&arguments, &super::super::usage::command(), "only")?;
        let words: Vec<_> = named.iter().map(|word| word.to_string_lossy()).collect();
        Some(words.join(" "))
    }

    #[test]
    fn the_name_comes_after_a_verb_that_takes_one() {
        for (given, wanted) in [
            ("lab psql", "lab psql only"),
            ("lab -v psql replica", "lab -v psql only replica"),
            ("lab exec primary -- ls", "lab exec only primary -- ls"),
            ("lab fault freeze replica", "lab fault only freeze replica"),
            ("lab down -q", "lab down only -q"),
            ("lab status --as-planned", "lab status only --as-planned"),
        ] {
            assert_eq!(named(given).as_deref(), Some(wanted));
        }
        for given in [
            "lab",
            "lab -v",
            "lab up",
            "lab list",
            "lab images",
            "lab nothing",
        ] {
            assert_eq!(named(given), None, "{given}");
        }
    }

    #[test]
    fn a_command_line_is_read_again_only_if_the_name_completes_it() {
        let read = |line: &str, labs: &[&str]| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let labs: Vec<String> = labs.iter().map(ToString::to_string).collect();
            reread(&arguments, &super::super::usage::command(), &labs).is_some()
        };
        assert!(read("lab -q promote replica", &["a"]));
        assert!(read("lab -q fault partition primary replica", &["a"]));
        assert!(!read("lab -q promote replica", &["a", "b"]));
        assert!(!read("lab -q promote replica", &[]));
        assert!(!read("lab -q promote --nothing", &["a"]));
    }

    #[test]
    fn a_name_that_was_typed_and_an_empty_word_are_no_reason_to_guess() {
        let left_out = |words: &[&str]| {
            let arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
            is_left_out(&arguments, &["a".to_owned()])
        };
        assert!(left_out(&["lab", "promote", "replica"]));
        assert!(left_out(&["lab", "exec", "primary", "--", "echo", "", "a"]));
        assert!(!left_out(&["lab", "promote", "a"]));
        assert!(!left_out(&["lab", "psql", ""]));
        assert!(!left_out(&["lab", "promote", "", "replica"]));
    }
}
