//! The two outputs: messages for people on standard error, data on standard output.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use replication_lab::report::fit::Width;
use replication_lab::sql::password::without_passwords;
use replication_lab::text::foreign::{visible, visible_json};
use serde::Serialize;

use super::secrets::{self, masked, masked_json};

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs: one JSON document.
    Json,
}

/// Whether tables are printed as wide as they are.
static IS_WIDE: AtomicBool = AtomicBool::new(false);

/// Prints tables as wide as they are from now on.
pub(crate) fn widen() {
    IS_WIDE.store(true, Ordering::Relaxed);
}

/// The width of tables: a terminal's, if standard output is one. A table is masked after it was made, so nothing of it is
/// shortened if words could be left out of a password.
pub(crate) fn width() -> Width {
    if IS_WIDE.load(Ordering::Relaxed) || secrets::have_blanks() {
        return Width::ANY;
    }
    let size = terminal_size::terminal_size_of(std::io::stdout());
    size.map_or(Width::ANY, |(columns, _)| Width::of(columns.0.into()))
}

/// Prints a line to standard error. What it quotes may come from anywhere.
pub(crate) fn say(line: &str) {
    say_coloured(&visible(&masked(line)));
}

/// Prints a line to standard error as it is. What it quotes was made visible before.
pub(crate) fn say_coloured(line: &str) {
    // If standard error is closed, nobody reads the line.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Standard error for traces. Each event is written at once, with passwords removed: traces contain what is sent to servers and
/// to Docker.
pub(crate) struct Traces {
    /// Whether the event has colours, which the subscriber adds. It escapes what would be others.
    pub(crate) coloured: bool,
}

impl std::io::Write for Traces {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut talk = std::io::stderr().lock();
        let text = masked(&without_passwords(&text)).into_owned();
        let shown = if self.coloured {
            text.as_str().into()
        } else {
            visible(&text)
        };
        talk.write_all(shown.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().lock().flush()
    }
}

/// Writes text to standard output. What it quotes may come from anywhere.
///
/// # Errors
/// When writing fails. A reader that closed the pipe (`lab list | head -1`) is not an error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    print_on(text).map(|_| ())
}

/// Writes text to standard output and returns whether somebody still reads it.
pub(crate) fn print_on(text: &str) -> anyhow::Result<bool> {
    print_raw(&shown(text))
}

/// Whether an output gets colours: a terminal does, and each with `CLICOLOR_FORCE`. `NO_COLOR` wins.
pub(crate) fn are_coloured(is_terminal: bool) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    !is_set("NO_COLOR") && (is_terminal || forced)
}

/// Writes results to standard output, in colours if it gets some.
pub(crate) fn print_results(text: &str) -> anyhow::Result<()> {
    print_raw(&results(text)).map(|_| ())
}

/// Results as they are printed.
pub(crate) fn results(text: &str) -> String {
    let text = shown(text);
    if are_coloured(std::io::stdout().is_terminal()) {
        return painted(&text);
    }
    text
}

/// The text with the first word of each line in the colour of its meaning. The word says it, too.
fn painted(text: &str) -> String {
    let line = |line: &str| {
        let start = line.len() - line.trim_start().len();
        let word = line[start..].split_whitespace().next().unwrap_or_default();
        let colour = match word {
            "pass" | "PASS" | "ok" => "32",
            "FAIL" | "ERROR" | "error:" => "31",
            "note" | "SKIP" | "!" => "33",
            "hint:" => "36",
            _ => return line.to_owned(),
        };
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        format!("{before}\x1b[{colour}m{word}\x1b[0m{after}")
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Text from anywhere as it may be printed.
pub(crate) fn shown(text: &str) -> String {
    visible(&masked(text)).into_owned()
}

/// Whether standard output has something.
static IS_WRITTEN: AtomicBool = AtomicBool::new(false);

/// Writes text to standard output as it is, and returns whether somebody still reads it.
pub(crate) fn print_raw(text: &str) -> anyhow::Result<bool> {
    IS_WRITTEN.store(true, Ordering::Relaxed);
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes one JSON document to standard output.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    print_raw(&document(value)?).map(|_| ())
}

/// The same, unless something was written before: one program's output is one document.
pub(crate) fn json_alone(value: &impl Serialize) -> anyhow::Result<()> {
    if IS_WRITTEN.load(Ordering::Relaxed) {
        return Ok(());
    }
    json(value)
}

/// One JSON document.
pub(crate) fn document(value: &impl Serialize) -> anyhow::Result<String> {
    let document = serde_json::to_string_pretty(value)?;
    Ok(shown_json(&document) + "\n")
}

/// A JSON document in one line.
pub(crate) fn line(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(shown_json(&serde_json::to_string(value)?))
}

fn shown_json(document: &str) -> String {
    visible_json(&masked_json(document)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_a_result_has_its_colour() {
        let text =
            "outcome  check\npass     a\nFAIL     pass\n PASS [1 s] b\n! c: d\nhint: e\nelse\n";
        let wanted = "outcome  check\n\x1b[32mpass\x1b[0m     a\n\x1b[31mFAIL\x1b[0m     pass\n \x1b[32mPASS\x1b[0m [1 s] b\n\
                      \x1b[33m!\x1b[0m c: d\n\x1b[36mhint:\x1b[0m e\nelse\n";
        assert_eq!(painted(text), wanted);
    }
}
