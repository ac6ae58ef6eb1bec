//! From text to [`Scenario`], with everything that is wrong found in one run and shown where it is.
//!
//! Owns the order of the steps; reads files only where the scenario names SQL files.

use std::path::PathBuf;

use super::check::{self, Finding, Part};
use super::overrides;
use super::read::Reader;
use super::{Scenario, SqlFiles};
use crate::yaml::diagnostic::{Diagnostic, Diagnostics, Excerpt, Place, Position};
use crate::yaml::{self, Node, Problem, Spot, SyntaxError, Value};

pub use super::overrides::{Overrides, Setting, SettingError};

/// A scenario file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name of the file in errors.
    pub name: String,
    /// Its content.
    pub text: String,
    /// The folder that its SQL files are relative to, and must be below. An embedded lab has none.
    pub folder: Option<PathBuf>,
}

/// A scenario that is well-formed and makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The scenario, overrides included.
    pub scenario: Scenario,
    /// The content of the datasets' own SQL files, by the names that the scenario gives them.
    pub sql: SqlFiles,
    /// The name of the file in errors.
    pub file: String,
    text: String,
    tree: Node,
}

impl Loaded {
    /// The place in the file of the key at a path: `nodes.replica.conf.hot_standby`, `data[0]`.
    ///
    /// `None` if the file has no such key, or the command line added it.
    #[must_use]
    pub fn locate(&self, path: &str) -> Option<Position> {
        let (entry, node) = self.tree.find(path)?;
        let spot = entry.map_or(node.spot, |entry| entry.key_spot);
        if spot.origin != 0 {
            return None;
        }
        Some(Excerpt::of(&self.text, spot).position())
    }
}

/// The largest file that is read.
pub const MOST_BYTES: usize = yaml::MOST_BYTES;

/// At most this many errors are shown of a file, and fewer where its lines are very long.
const MOST_ERRORS: usize = 100;
const MOST_BYTES_SHOWN: usize = 1 << 20;

impl Source {
    /// A source from bytes that may be anything.
    pub fn new(
        name: impl Into<String>,
        bytes: &[u8],
        folder: Option<PathBuf>,
    ) -> Result<Self, Box<Diagnostics>> {
        let name = name.into();
        match yaml::checked(bytes) {
            Ok(text) => Ok(Self {
                text: text.to_owned(),
                folder,
                name,
            }),
            Err((shown, error)) => Err(refused(&name, &shown, error)),
        }
    }
}

/// The one error of a text that is not read any further.
fn refused(file: &str, text: &str, error: SyntaxError) -> Box<Diagnostics> {
    Box::new(Diagnostics::one(Diagnostic {
        file: file.to_owned(),
        place: Place::File(Excerpt::new(text, error.at, 1)),
        message: error.message.into_owned(),
        help: error.help.map(str::to_owned),
    }))
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
    reader.allow_outside(overrides.allow_outside);
    let mut scenario = reader.scenario(&tree, overrides.postgres.as_ref());
    scenario.host_auth = overrides.host_auth.unwrap_or(scenario.host_auth);
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
                Some(entry) if finding.part == Part::Key || !whole => {
                    entry.problem(finding.message, finding.help)
                }
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
            message,
            help: Some(help),
        });
    }
    problems
}

/// The value of an override: YAML where it is YAML, otherwise the text itself. `*` and an empty value are texts that
/// settings have, but no YAML.
fn parse_value(given: &str, origin: usize) -> (Node, Vec<Problem>) {
    match yaml::parse(given, origin) {
        Ok(document) if !given.is_empty() => (document.root, document.problems),
        _ => {
            let spot = Spot {
                origin,
                start: 0,
                end: given.len(),
            };
            let value = Value::Text(given.to_owned());
            (Node { spot, value }, Vec::new())
        }
    }
}

fn parse(source: &Source) -> Result<(Node, Vec<Problem>), Box<Diagnostics>> {
    let refuse = |error| refused(&source.name, &source.text, error);
    let document = yaml::parse(&source.text, 0).map_err(refuse)?;
    if document.root.value == Value::Null {
        return Err(refuse(SyntaxError {
            at: 0,
            message: "the file is empty".into(),
            help: Some("a scenario begins with `name:` and has `nodes:`"),
        }));
    }
    Ok((document.root, document.problems))
}

fn diagnose(
    source: &Source,
    overrides: &Overrides,
    mut problems: Vec<Problem>,
) -> Option<Diagnostics> {
    problems.sort_by_key(|problem| problem.spot);
    problems.dedup();
    let all = problems.len();
    let mut shown = 0;
    let mut found = Vec::new();
    for problem in problems.into_iter().take(MOST_ERRORS) {
        if shown >= MOST_BYTES_SHOWN {
            break;
        }
        let one = diagnostic(source, overrides, problem);
        shown += one.place.line().len();
        found.push(one);
    }
    let left_out = all - found.len();
    Diagnostics::several(found, left_out)
}

fn diagnostic(source: &Source, overrides: &Overrides, problem: Problem) -> Diagnostic {
    Diagnostic {
        file: source.name.clone(),
        place: match problem.spot.origin.checked_sub(1) {
            None => Place::File(Excerpt::of(&source.text, problem.spot)),
            Some(index) => {
                let given = overrides.set.get(index).map(Setting::to_string);
                Place::Override(given.unwrap_or_default())
            }
        },
        message: problem.message,
        help: problem.help,
    }
}

#[cfg(test)]
mod tests;
