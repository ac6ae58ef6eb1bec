//! Steps: the keys beside an action, and the one that says what happens.
//!
//! What a step's action holds is read by its type's own deserialiser, whose errors are given their place here.

use serde::de::DeserializeOwned;

use super::Reader;
use crate::action::hba::Hba;
use crate::action::hold::Hold;
use crate::action::not::Not;
use crate::action::repeat::Repeat;
use crate::action::sql::Sql;
use crate::action::sql_file::SqlFile;
use crate::action::{Action, COMMON, Cell, Check, Declare, Entry as Listed, Expect, Read, Step};
use crate::name::VariableName;
use crate::scenario::rounds;
use crate::text::shortened;
use crate::text::suggest::{choice, did_you_mean, did_you_mean_or_list};
use crate::yaml::{Entry, Node, Problem, Value};

/// The keys of `hold`.
const HOLD_KEYS: &[&str] = &["check", "never", "during"];

/// The keys of `repeat`.
const REPEAT_KEYS: &[&str] = &["over", "as", "steps"];

/// Names of the sleep step that scripts have.
const SLEEPS: &[&str] = &["sleep", "wait", "wait_for"];
const NO_SLEEP: &str =
    "no step sleeps: a check waits until it holds, at most as long as its `within` says";

/// The hint for `{ sql: SELECT max(1, 2) }`.
const COMMA: &str =
    "between `{` and `}` a comma ends a value: put quotes around one that has a comma in it";

/// Steps may hold steps, so deep and no deeper.
const MOST_DEPTH: usize = 4;

impl Reader<'_> {
    /// The steps of a key, with a stand-in for each that was not understood: findings count steps.
    pub(super) fn steps(&mut self, keys: &[Entry], key: &str) -> Vec<Step> {
        self.optional(keys, key, |reader, node| {
            let steps = reader.steps_at(node, key, 0);
            if steps.is_none() {
                reader.doubts.steps.push(key.to_owned());
            }
            steps
        })
        .unwrap_or_default()
    }

    fn steps_at(&mut self, node: &Node, path: &str, depth: usize) -> Option<Vec<Step>> {
        let Value::List(items) = &node.value else {
            return self.wrong_type(node, "a list of steps");
        };
        if depth > MOST_DEPTH {
            let message = "steps within steps within steps are too many";
            self.problems.push(node.problem(message, None));
            return None;
        }
        let (before, within) = (self.problems.len(), self.within);
        let items = items.iter().enumerate();
        let steps = items
            .map(|(index, item)| self.step_at(item, &format!("{path}[{index}]"), depth))
            .collect();
        self.within = within + self.problems.len() - before;
        Some(steps)
    }

    /// A step. Where something of it was not understood, the rest is there, and its path among the doubts.
    fn step_at(&mut self, node: &Node, path: &str, depth: usize) -> Step {
        let (before, within) = (self.problems.len(), self.within);
        let step = self.step(node, path, depth);
        if self.problems.len() - before > self.within - within {
            self.doubts.steps.push(path.to_owned());
        }
        step.unwrap_or_else(|| Step::of(unread()))
    }

    fn step(&mut self, node: &Node, path: &str, depth: usize) -> Option<Step> {
        let Value::Map(keys) = &node.value else {
            return self.wrong_type(node, "a mapping with an action, such as `sql: …`,");
        };
        let doing: Vec<&Entry> = keys
            .iter()
            .filter(|entry| COMMON.iter().all(|(key, _)| *key != entry.key))
            .collect();
        let unknown = doing
            .iter()
            .filter(|entry| !is_action(&entry.key))
            .collect::<Vec<_>>();
        for entry in &unknown {
            self.unknown_action(entry);
        }
        let action = match doing.as_slice() {
            [only] if unknown.is_empty() => self.action(only, path, depth),
            [] => {
                let message = "this step does nothing: it has neither an action nor a check";
                let help = format!(
                    "{}; {}",
                    choice("actions", Action::KEYS),
                    choice("checks", Check::KEYS)
                );
                self.problems.push(node.problem(message, Some(help)));
                None
            }
            [first, second, ..] if unknown.is_empty() => {
                let (one, other) = (&first.key, &second.key);
                let message = format!("this step has two actions, `{one}` and `{other}`");
                let help = "make two steps of it, each with a `-` of its own".to_owned();
                self.problems.push(second.problem(message, Some(help)));
                None
            }
            _ => None,
        };
        Some(Step {
            name: self.optional(keys, "name", Self::value),
            say: self.optional(keys, "say", Self::text),
            on: self.optional(keys, "on", Self::value),
            database: self.optional(keys, "database", Self::value),
            user: self.optional(keys, "user", Self::value),
            password: self.optional(keys, "password", Self::text_as_quietly),
            session: self.optional(keys, "session", Self::value),
            within: self.optional(keys, "within", Self::value),
            expect: self.optional(keys, "expect", Self::expect),
            capture: self.optional(keys, "capture", Self::value),
            action: action.unwrap_or_else(unread),
        })
    }

    fn unknown_action(&mut self, entry: &Entry) {
        let common = COMMON.iter().map(|(key, _)| *key);
        let known = || common.chain(Action::KEYS.iter().chain(Check::KEYS).copied());
        let help = if SLEEPS.contains(&entry.key.as_str()) {
            Some(NO_SLEEP.to_owned())
        } else if is_rest(entry) {
            Some(COMMA.to_owned())
        } else {
            did_you_mean(&entry.key, known())
        };
        let help = help.unwrap_or_else(|| {
            let (actions, checks) = (
                choice("actions", Action::KEYS),
                choice("checks", Check::KEYS),
            );
            format!("{actions}; {checks}")
        });
        let key = shortened(&entry.key);
        let message = format!("`{key}` is neither an action nor a check");
        self.problems.push(entry.problem(message, Some(help)));
    }

    fn action(&mut self, entry: &Entry, path: &str, depth: usize) -> Option<Action> {
        let node = &entry.value;
        // What holds steps or checks, reads a file or has lines with errors of their own is read here.
        match entry.key.as_str() {
            "sql" => self.text(node).map(|text| Sql(text).into()),
            "sql_file" => {
                let path = self.file(node)?;
                let text = self.sql_text(&path)?;
                Some(SqlFile { path, text }.into())
            }
            "hba" => self.hba(node).map(|lines| Hba(lines).into()),
            "not" => self.one_check(node).map(|check| Not(check).into()),
            "hold" => self.hold(node, path, depth).map(Action::Hold),
            "repeat" => self.repeat(node, path, depth).map(Action::Repeat),
            key if is_check(key, node) => self.check(entry).map(Action::Check),
            key => Action::read(
                key,
                &mut Written {
                    reader: self,
                    entry,
                },
            ),
        }
    }

    fn hold(&mut self, node: &Node, path: &str, depth: usize) -> Option<Hold> {
        let keys = self.section(node, "keys of `hold`", HOLD_KEYS);
        let check = self.required(node, keys, "check");
        let check = check.and_then(|node| self.one_check(node));
        let during = self.required(node, keys, "during");
        let during =
            during.and_then(|node| self.steps_at(node, &format!("{path}.hold.during"), depth + 1));
        let never = self.optional(keys, "never", Self::boolean);
        Some(Hold {
            check: check?,
            never: never.unwrap_or_default(),
            during: during?,
        })
    }

    fn repeat(&mut self, node: &Node, path: &str, depth: usize) -> Option<Repeat> {
        let keys = self.section(node, "keys of `repeat`", REPEAT_KEYS);
        let over = self.required(node, keys, "over");
        let values = over;
        let over: Option<Vec<Cell>> = over.and_then(|node| self.value(node));
        let name = self.required(node, keys, "as");
        let name: Option<VariableName> = name.and_then(|node| self.value(node));
        let steps = self.required(node, keys, "steps");
        let known = over.as_deref().zip(values).zip(name.as_ref());
        let rounds = steps.and_then(|node| {
            let texts = |over: &[Cell]| {
                let texts = over
                    .iter()
                    .map(|Cell(text)| text.clone().unwrap_or_default());
                texts.collect::<Vec<_>>()
            };
            let written = match known {
                Some(((over, _), name)) if !over.is_empty() => {
                    rounds::rounds(node, name.as_str(), &texts(over))
                }
                _ => vec![node.clone()],
            };
            let path = format!("{path}.repeat.steps");
            self.rounds(&written, values, &path, depth + 1)
        });
        Some(Repeat {
            over: over?,
            name: name?,
            rounds: rounds?,
        })
    }

    /// The steps of each round. What is wrong in some of them alone is wrong with their values.
    fn rounds(
        &mut self,
        written: &[Node],
        values: Option<&Node>,
        path: &str,
        depth: usize,
    ) -> Option<Vec<Vec<Step>>> {
        let (before, within) = (self.problems.len(), self.within);
        let mut found = Vec::with_capacity(written.len());
        let mut rounds = Vec::with_capacity(written.len());
        for node in written {
            rounds.push(self.steps_at(node, path, depth));
            found.push(self.problems.split_off(before));
        }
        let value = |index: usize| match values.map(|node| &node.value) {
            Some(Value::List(items)) => items.get(index),
            _ => None,
        };
        let merged = rounds::merged(&found, |problem, index| match value(index) {
            Some(value) => value.problem(problem.message.clone(), problem.help.clone()),
            None => problem.clone(),
        });
        self.problems.extend(merged);
        self.within = within + self.problems.len() - before;
        rounds.into_iter().collect()
    }

    /// A mapping with one check in it.
    fn one_check(&mut self, node: &Node) -> Option<Check> {
        let Value::Map(keys) = &node.value else {
            return self.wrong_type(node, "a check, such as `streaming: replica`,");
        };
        match keys.as_slice() {
            [only] if Check::KEYS.contains(&only.key.as_str()) => self.check(only),
            [only] => {
                let help = did_you_mean_or_list(&only.key, "checks", Check::KEYS);
                let message = format!("`{}` is no check", shortened(&only.key));
                self.problems.push(only.problem(message, Some(help)));
                None
            }
            _ => self.wrong_type(node, "one check"),
        }
    }

    fn check(&mut self, entry: &Entry) -> Option<Check> {
        let from = &mut Written {
            reader: self,
            entry,
        };
        Check::read(&entry.key, from)
    }

    /// A value of any type that can be deserialised.
    pub(super) fn value<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        self.keep(node.read())
    }

    /// The expectation. An error may be written as its SQLSTATE alone.
    fn expect(&mut self, node: &Node) -> Option<Expect> {
        let mut node = node.clone();
        if let Some(error) = node.entry_mut("error") {
            error.value = written_out(error.value.clone(), "code");
        }
        let read = node.read();
        self.keep(read)
    }

    fn keep<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem)).ok()
    }
}

/// A mapping as it is, and anything else as the value of a mapping's key.
fn written_out(value: Node, key: &str) -> Node {
    match value.value {
        Value::Map(_) | Value::Null => value,
        _ => value.under(key),
    }
}

/// The stand-in for an action that was not understood.
fn unread() -> Action {
    Sql(String::new()).into()
}

fn is_action(key: &str) -> bool {
    Action::KEYS.contains(&key) || Check::KEYS.contains(&key)
}

/// Whether a key names a check. Of a key that is both an action and a check, the action has a key that tells.
fn is_check(key: &str, node: &Node) -> bool {
    let is = |listed: &&Listed| listed.key == key;
    let action = Action::ALL.iter().find(is);
    let mark = action.and_then(|action| action.mark);
    Check::KEYS.contains(&key) && mark.is_none_or(|mark| node.entry(mark).is_none())
}

/// The value below a step's key.
struct Written<'r, 'a, 'n> {
    reader: &'r mut Reader<'a>,
    entry: &'n Entry,
}

impl Read for Written<'_, '_, '_> {
    /// A mapping may be written short. The same word further below, such as the `slot` of `follow`, is another key.
    fn read<T: Declare>(&mut self) -> Option<T> {
        let value = &self.entry.value;
        let read = match T::SHORT {
            Some(short) => written_out(value.clone(), short).read(),
            None => value.read(),
        };
        self.reader.keep(read)
    }
}

/// Whether it looks like what came after a comma, and not like a key.
fn is_rest(entry: &Entry) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    entry.value.value == Value::Null && !entry.key.chars().all(word)
}
