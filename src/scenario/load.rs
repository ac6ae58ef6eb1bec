//! From text to [`Scenario`], with everything that is wrong found in one run and shown where it is.
//!
//! The only file that names the YAML crate. Owns the order of the steps; reads files only for datasets of one's own.

use std::path::PathBuf;

use serde::de::DeserializeSeed;

use super::check::{self, Finding, Part};
use super::diagnostic::{Diagnostic, Diagnostics, Excerpt, Place, Position, boundary};
use super::overrides;
use super::read::Reader;
use super::tree::{Node, Problem, Spot, Value};
use super::walk::Walk;
use super::{Scenario, SqlFiles};

pub use super::overrides::{Overrides, Setting, SettingError};

/// A scenario file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the file is called in errors.
    pub name: String,
    /// Its content.
    pub text: String,
    /// The folder that SQL files of its datasets are relative to. An embedded lab has none.
    pub folder: Option<PathBuf>,
}

/// A scenario that is well-formed and makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The scenario, overrides included.
    pub scenario: Scenario,
    /// The content of the datasets' own SQL files, by the names that the scenario gives them.
    pub sql: SqlFiles,
    /// What the file is called in errors.
    pub file: String,
    text: String,
    tree: Node,
}

impl Loaded {
    /// Where the key at a path stands in the file: `nodes.replica.conf.hot_standby`, `data[0]`.
    ///
    /// Nothing where the file has no such key, or the command line put it there.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<Position> {
        let (entry, node) = self.tree.find(path)?;
        let spot = entry.map_or(node.spot, |entry| entry.key_spot);
        if spot.origin != 0 {
            return None;
        }
        let offset = offset(&self.text, spot.index)?;
        Some(Excerpt::new(&self.text, offset, 1).position())
    }
}

/// The largest file that is read.
pub const MOST_BYTES: usize = 1 << 20;

/// The YAML crate looks at every open bracket for each word that it reads, so that a megabyte of brackets would take it
/// minutes. The largest topology needs a few hundred.
const MOST_BRACKETS: usize = 1000;

/// At most this many errors are shown of a file, and fewer of a very large one: to find each place, the text is read
/// again.
const MOST_ERRORS: usize = 100;
const MOST_BYTES_READ_AGAIN: usize = 2 << 20;

impl Source {
    /// A source from bytes that may be anything.
    pub fn new(
        name: impl Into<String>,
        bytes: &[u8],
        folder: Option<PathBuf>,
    ) -> Result<Self, Box<Diagnostics>> {
        let name = name.into();
        let refuse = |text: &str, offset, message: &str, help: &str| {
            Box::new(Diagnostics::one(Diagnostic {
                file: name.clone(),
                place: Place::File(Excerpt::new(text, offset, 1)),
                message: message.to_owned(),
                help: Some(help.to_owned()),
            }))
        };
        if bytes.len() > MOST_BYTES {
            let start = String::from_utf8_lossy(&bytes[..200]);
            let message = "the file is larger than a megabyte";
            return Err(refuse(&start, 0, message, "a scenario has a few kilobytes"));
        }
        let help = "a scenario is a text file in UTF-8";
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => {
                let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                let shown = format!("{good}\u{fffd}");
                return Err(refuse(&shown, good.len(), "the file is not text", help));
            }
        };
        if let Some((offset, _)) = text.match_indices(['[', '{']).nth(MOST_BRACKETS) {
            let help = "a scenario is not that large";
            return Err(refuse(
                text,
                offset,
                "more than a thousand `[` and `{`",
                help,
            ));
        }
        if let Some((offset, c)) = text.char_indices().find(|(_, c)| !is_printable(*c)) {
            let message = format!(
                "the character U+{:04X} has no place in a text file",
                u32::from(c)
            );
            return Err(refuse(text, offset, &message, help));
        }
        Ok(Self {
            text: text.to_owned(),
            folder,
            name,
        })
    }
}

/// The characters that YAML allows (YAML 1.2, 5.1).
fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
        && c != '\u{feff}'
}

/// Reads a scenario and checks it.
///
/// # Errors
/// With everything that is wrong.
pub fn load(source: &Source, overrides: &Overrides) -> Result<Loaded, Box<Diagnostics>> {
    let source = Source::new(
        source.name.as_str(),
        source.text.as_bytes(),
        source.folder.clone(),
    )?;
    let (mut tree, mut problems) = parse(&source)?;
    for (index, setting) in overrides.set.iter().enumerate() {
        problems.extend(apply(&mut tree, index + 1, setting));
    }
    let mut reader = Reader::new(source.folder.as_deref(), &mut problems);
    let scenario = reader.scenario(&tree, overrides.postgres.as_ref());
    let (sql, doubts) = reader.finish();
    let findings = check::check(&scenario, &sql).into_iter();
    let sure = findings.filter(|finding| finding.holds_with(&doubts));
    problems.extend(sure.map(|finding| place(&tree, finding)));
    match diagnose(&source, overrides, problems) {
        Some(diagnostics) => Err(Box::new(diagnostics)),
        None => Ok(Loaded {
            scenario,
            sql,
            file: source.name,
            text: source.text,
            tree,
        }),
    }
}

/// Gives a finding the spot of its key or value, or of the nearest that is written.
fn place(tree: &Node, finding: Finding) -> Problem {
    let mut path = finding.path.as_str();
    loop {
        if let Some((entry, node)) = tree.find(path) {
            let whole = path.len() == finding.path.len();
            return match entry {
                Some(entry) if finding.part == Part::Key || !whole => Problem {
                    spot: entry.key_spot,
                    text: Some(entry.key.clone()),
                    message: finding.message,
                    help: finding.help,
                },
                _ => node.problem(finding.message, finding.help),
            };
        }
        path = path.rfind(['.', '[']).map_or("", |at| &path[..at]);
    }
}

fn apply(tree: &mut Node, origin: usize, setting: &Setting) -> Vec<Problem> {
    let (value, mut problems) = parse_value(&setting.value, origin);
    let spot = value.spot;
    if let Err((message, help)) = overrides::apply(tree, &setting.path, value) {
        problems.push(Problem {
            spot,
            text: None,
            message,
            help: Some(help),
        });
    }
    problems
}

/// The value of an override: YAML where it is YAML, otherwise the text itself. `*` and an empty value are texts that
/// settings have, but no YAML.
fn parse_value(given: &str, origin: usize) -> (Node, Vec<Problem>) {
    let walk = Walk::new(origin);
    match walk.deserialize(serde_yaml::Deserializer::from_str(given)) {
        Ok(node) if !given.is_empty() => (node, walk.problems()),
        _ => {
            let spot = Spot { origin, index: 0 };
            let value = Value::Text(given.to_owned());
            (Node { spot, value }, Vec::new())
        }
    }
}

fn parse(source: &Source) -> Result<(Node, Vec<Problem>), Box<Diagnostics>> {
    let text = source.text.as_str();
    let refuse = |offset: usize, message: String, help: Option<&str>| {
        Box::new(Diagnostics::one(Diagnostic {
            file: source.name.clone(),
            place: Place::File(Excerpt::new(text, offset, 1)),
            message,
            help: help.map(str::to_owned),
        }))
    };
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let empty = "a scenario begins with `name:` and has `nodes:`";
    let Some(document) = documents.next() else {
        return Err(refuse(0, "the file is empty".to_owned(), Some(empty)));
    };
    let walk = Walk::new(0);
    let node = walk.deserialize(document).map_err(|error| {
        let offset = error.location().map_or(0, |location| location.index());
        let message = match walk.refusal() {
            Some(why) => why.to_owned(),
            None => reason(&error.to_string()),
        };
        let help = syntax_help(text, offset, &message);
        refuse(offset, message, help)
    })?;
    if let Some(second) = documents.next() {
        let offset = match Walk::stopping_at(0).deserialize(second) {
            Err(error) => error
                .location()
                .map_or(text.len(), |location| location.index()),
            Ok(_) => text.len(),
        };
        let message = "a second document begins here".to_owned();
        return Err(refuse(offset, message, Some("a file holds one scenario")));
    }
    if node.value == Value::Null && node.spot.index == 0 {
        return Err(refuse(0, "the file is empty".to_owned(), Some(empty)));
    }
    Ok((node, walk.problems()))
}

/// The YAML crate's message without the place that is shown beside it. What it was reading, and where that began, stays.
fn reason(message: &str) -> String {
    let (problem, context) = match message.split_once(", while ") {
        Some((problem, context)) if !context.starts_with("scanning for the next token") => {
            (problem, format!(" while {context}"))
        }
        _ => (message, String::new()),
    };
    let end = [" at line ", " at position "]
        .iter()
        .filter_map(|mark| problem.find(mark))
        .min();
    format!("{}{context}", &problem[..end.unwrap_or(problem.len())])
}

/// What most often is behind a syntax error at a place.
fn syntax_help(text: &str, offset: usize, message: &str) -> Option<&'static str> {
    let offset = boundary(text, offset);
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[start..]
        .split(|c: char| c != ' ' && c != '\t')
        .next()
        .unwrap_or_default();
    if indent.contains('\t') || text[offset..].starts_with('\t') {
        return Some("indent with spaces: YAML takes no tabs there");
    }
    let is_sign = text[offset..].starts_with(['*', '&', '@', '`', '%', '!']);
    if is_sign
        || ["alias", "anchor", "tag"]
            .iter()
            .any(|word| message.contains(word))
    {
        return Some("put a value that begins with such a sign in quotes");
    }
    None
}

/// The byte at which the value counted `index` begins.
fn offset(text: &str, index: usize) -> Option<usize> {
    let document = serde_yaml::Deserializer::from_str(text).next()?;
    let stopped = Walk::stopping_at(index).deserialize(document).err()?;
    stopped.location().map(|location| location.index())
}

fn diagnose(
    source: &Source,
    overrides: &Overrides,
    mut problems: Vec<Problem>,
) -> Option<Diagnostics> {
    problems.sort_by_key(|problem| problem.spot);
    problems.dedup();
    let most = (MOST_BYTES_READ_AGAIN / source.text.len().max(1)).min(MOST_ERRORS);
    let left_out = problems.len().saturating_sub(most);
    problems.truncate(most);
    let found = problems
        .into_iter()
        .map(|problem| Diagnostic {
            file: source.name.clone(),
            place: match problem.spot.origin.checked_sub(1) {
                None => Place::File(excerpt(&source.text, &problem)),
                Some(index) => {
                    let given = overrides.set.get(index).map(Setting::to_string);
                    Place::Override(given.unwrap_or_default())
                }
            },
            message: problem.message,
            help: problem.help,
        })
        .collect();
    Diagnostics::several(found, left_out)
}

fn excerpt(text: &str, problem: &Problem) -> Excerpt {
    let offset = offset(text, problem.spot.index).unwrap_or(0);
    let rest = text.get(offset..).unwrap_or_default();
    Excerpt::new(text, offset, width(rest, problem.text.as_deref()))
}

/// How many bytes at the start of `rest` to put a caret under: the value that is known to be there, or else a word.
fn width(rest: &str, known: Option<&str>) -> usize {
    if let Some(known) = known.filter(|known| !known.is_empty()) {
        let quote = usize::from(rest.starts_with(['"', '\'']));
        if rest
            .get(quote..)
            .is_some_and(|rest| rest.starts_with(known))
        {
            return known.len() + 2 * quote;
        }
    }
    if rest.starts_with(['[', '{', '|', '>']) {
        return 1;
    }
    let word = rest
        .find(|c: char| c.is_whitespace() || ",:]}".contains(c))
        .unwrap_or(rest.len());
    word.max(1)
}
#[cfg(test)]
mod tests;
