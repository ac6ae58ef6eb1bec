//! The verbs in groups: what `lab --help` prints, and plain `lab` with the labs that exist.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Command;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;

use super::usage;
use super::{list, output};

/// The verbs by what one wants to do.
const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Start here",
        &["list", "show", "up", "psql", "status", "down"],
    ),
    (
        "Walk through a lab, or test it",
        &["step", "run", "verify", "monitor", "logs"],
    ),
    (
        "Operate its servers",
        &[
            "promote", "follow", "rewind", "reclone", "stop", "start", "restart",
        ],
    ),
    ("Break it", &["fault", "heal"]),
    ("Use it from programs", &["env", "exec"]),
    ("Write scenarios", &["check", "plan", "schema"]),
    (
        "Keep house",
        &["images", "doctor", "gc", "completions", "help"],
    ),
];

/// The command, with a help that lists its verbs in groups.
pub(super) fn grouped(command: Command) -> Command {
    let groups = groups(&command);
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Options:\n{{options}}{{after-help}}"
    ))
}

/// The groups, a line each verb.
fn groups(command: &Command) -> String {
    let width = GROUPS
        .iter()
        .flat_map(|(_, verbs)| verbs.iter().map(|verb| verb.len()));
    let width = width.max().unwrap_or(0);
    let mut text = String::new();
    for (title, verbs) in GROUPS {
        _ = writeln!(text, "{title}:");
        for verb in verbs {
            let declared = command.find_subcommand(verb);
            let about = declared
                .and_then(Command::get_about)
                .map(ToString::to_string);
            // The reader adds its own `help` later.
            let about = about.unwrap_or_else(|| "Print the help of a verb".to_owned());
            _ = writeln!(text, "  {verb:<width$}  {about}");
        }
        text.push('\n');
    }
    text
}

/// Plain `lab`: the help, and the labs that exist.
pub(super) async fn print() -> Result<Exit> {
    output::print(&format!("{}\n", usage::command().render_help()))?;
    let labs = match existing().await {
        Ok(labs) => list::table(&labs),
        Err(_) => "Docker does not answer: `lab doctor` says why\n".to_owned(),
    };
    output::print(&labs)?;
    Ok(Exit::Done)
}

async fn existing() -> Result<Vec<list::Existing>> {
    let docker = Engine::connect().await?;
    list::existing(&docker, list::Ask::Servers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_in_one_group_and_its_line_fits_a_terminal() {
        let command = usage::command();
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, verbs)| verbs.iter().copied())
            .collect();
        let mut verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        verbs.push("help");
        grouped.sort_unstable();
        verbs.sort_unstable();
        assert_eq!(grouped, verbs);
        for line in groups(&command).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
