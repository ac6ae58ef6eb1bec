//! A plan split into its public part and the rest: the passwords in its steps and settings, and the SQL files of steps.
//! The public part goes into a label, which everybody who may use Docker can read, and stays small.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Plan;
use crate::sql::password::{replace, wants_password};

/// The two halves of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Hidden {
    /// The plan as JSON, with a mark instead of each password and each SQL file's content.
    pub plan: Value,
    /// The passwords and contents, in the order of their marks.
    pub passwords: Vec<String>,
    /// Which of them are contents of SQL files, and nothing else, from 0.
    pub contents: BTreeSet<usize>,
}

/// The marks of a password and of a file's content: `‹password-1›`, `‹content-2›`.
const MARKS: [&str; 2] = ["‹password-", "‹content-"];
const END: &str = "›";

/// What stands for a password that is not said at all.
const UNKNOWN: &str = "***";

/// Texts for readers. A password in them is meant to be read.
const PROSE: [&str; 2] = ["say", "title"];

impl Plan {
    /// Splits the passwords off. A plan that was read back from a running lab does not change.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        let mut plan = serde_json::to_value(self).unwrap_or_default();
        let mut passwords: Vec<String> = Vec::new();
        let mut contents = BTreeSet::new();
        let mut secrets = BTreeSet::new();
        let mut mark = |mark: &str, hidden: &str| {
            let known = passwords.iter().position(|other| other == hidden);
            let at = known.unwrap_or_else(|| {
                passwords.push(hidden.to_owned());
                passwords.len() - 1
            });
            let of_kind = if mark == MARKS[1] {
                &mut contents
            } else {
                &mut secrets
            };
            of_kind.insert(at);
            format!("{mark}{}{END}", at + 1)
        };
        each_text(&mut plan, &mut |text, place| {
            *text = match place {
                // Of a plan that was read back. It counts, so that the marks after it keep their numbers.
                Place::File if text.starts_with(MARKS[1]) => {
                    mark(MARKS[1], text);
                    return;
                }
                Place::File => mark(MARKS[1], text) + &print(text),
                Place::Secret if text.starts_with(MARKS[0]) => {
                    mark(MARKS[0], text);
                    return;
                }
                Place::Secret => mark(MARKS[0], text),
                Place::Other => replace(text, |password| mark(MARKS[0], password)),
            };
        });
        Hidden {
            plan,
            passwords,
            contents: contents.difference(&secrets).copied().collect(),
        }
    }

    /// Whether the passwords or SQL files of its steps are missing.
    #[must_use]
    pub fn lacks_passwords(&self) -> bool {
        let mut lacks = false;
        let mut plan = serde_json::to_value(self).unwrap_or_default();
        each_text(&mut plan, &mut |text, _| {
            lacks |= MARKS.iter().any(|mark| text.contains(mark));
        });
        lacks
    }

    /// The plan with its passwords and SQL files instead of their marks; `None` if one is missing.
    #[must_use]
    pub fn with_passwords(&self, passwords: &[String]) -> Option<Self> {
        let mut plan = serde_json::to_value(self).ok()?;
        let mut whole = true;
        each_text(&mut plan, &mut |text, place| {
            let filled = match place {
                Place::File if !text.starts_with(MARKS[1]) => return,
                Place::File => numbered(&text[MARKS[1].len()..], passwords)
                    .map(|(content, _)| content.to_owned()),
                Place::Secret | Place::Other => put_back(text, passwords),
            };
            match filled {
                Some(filled) => *text = filled,
                None => whole = false,
            }
        });
        serde_json::from_value(plan).ok().filter(|_| whole)
    }
}

fn put_back(text: &str, passwords: &[String]) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(MARKS[0]) {
        let (password, after) = numbered(marked, passwords)?;
        filled.push_str(before);
        filled.push_str(password);
        rest = after;
    }
    Some(filled + rest)
}

/// What the number at the beginning of a mark's rest stands for, and what comes after the mark.
fn numbered<'a>(marked: &'a str, passwords: &'a [String]) -> Option<(&'a str, &'a str)> {
    let (number, after) = marked.split_once(END)?;
    let at = number.parse::<usize>().ok()?.checked_sub(1)?;
    Some((passwords.get(at)?, after))
}

/// A number that changes with a content (FNV-1a), so that a plan with another content differs.
fn print(content: &str) -> String {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = content.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!(" {} bytes, {hash:016x}", content.len())
}

/// What a text of a plan is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The content of an SQL file.
    File,
    /// The argument of an option such as `--password`, or the password of a step.
    Secret,
    /// Anything else.
    Other,
}

fn each_text(json: &mut Value, look: &mut impl FnMut(&mut String, Place)) {
    match json {
        Value::String(text) => look(text, Place::Other),
        Value::Array(items) => {
            let mut is_secret = false;
            for item in items {
                match item {
                    Value::String(text) if is_secret && !text.starts_with('-') => {
                        look(text, Place::Secret);
                        is_secret = false;
                    }
                    Value::String(text) => {
                        is_secret = wants_password(text);
                        look(text, Place::Other);
                    }
                    item => each_text(item, look),
                }
            }
        }
        Value::Object(entries) => {
            let entries = entries.iter_mut();
            for (key, value) in entries.filter(|(key, _)| !PROSE.contains(&key.as_str())) {
                match (key.as_str(), value) {
                    // That of the replication user is not in the plan.
                    ("password", Value::String(text)) if text != UNKNOWN => {
                        look(text, Place::Secret);
                    }
                    ("sql_file", Value::Object(file)) => {
                        if let Some(Value::String(text)) = file.get_mut("text") {
                            look(text, Place::File);
                        }
                    }
                    (_, value) => each_text(value, look),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::sql_file::SqlFile;
    use crate::action::{Action, Step};
    use crate::plan::tests::plan;

    const LAB: &str = "
name: pair
nodes: { primary: {} }
steps:
- say: Its password=x, as everybody knows.
  sql: CREATE ROLE a PASSWORD 'one'; CREATE ROLE b PASSWORD 'it''s two'
- exec: [psql, postgresql://a:one@localhost/shopping]
- exec: [prog, --password, five and six, -x]
- { sql: SELECT 1, user: a, password: eight }
- repeat: { over: [1], as: i, steps: [{ exec: psql password=three }] }
teardown:
- sql: ALTER ROLE a PASSWORD $$four$$
";

    fn written() -> Plan {
        plan(LAB)
    }

    #[test]
    fn each_password_has_its_mark_and_comes_back() {
        let plan = written();
        let Hidden {
            plan: json,
            passwords,
            ..
        } = plan.hidden();
        assert_eq!(
            passwords,
            ["one", "it''s two", "five and six", "eight", "three", "four"]
        );
        let text = json.to_string();
        for password in &passwords {
            assert!(!text.contains(password), "{password}: {text}");
        }
        assert!(text.contains("Its password=x, as"), "{text}");

        let read: Plan = serde_json::from_value(json).expect("a plan");
        assert!(read.lacks_passwords() && !plan.lacks_passwords());
        let whole = read.with_passwords(&passwords).expect("all passwords");
        assert_eq!((whole.steps, whole.teardown), (plan.steps, plan.teardown));
        assert_eq!(read.with_passwords(&passwords[..5]), None);
    }

    #[test]
    fn the_content_of_an_sql_file_is_not_in_the_public_part_either() {
        let with = |text: &str| {
            let mut plan = written();
            let path = "more.sql".into();
            let text = text.to_owned();
            let step = Step::of(SqlFile { path, text });
            let Some(Action::Repeat(repeat)) = plan.steps.last_mut().map(|it| &mut it.action)
            else {
                panic!("no repeat");
            };
            repeat.rounds[0].push(step.clone());
            plan.steps.push(step);
            plan
        };
        let plan = with("COPY secrets FROM stdin; -- password=seven");
        let Hidden {
            plan: json,
            passwords,
            ..
        } = plan.hidden();
        assert_eq!(passwords.len(), 7, "{passwords:?}");
        assert!(!json.to_string().contains("secrets"), "{json}");
        assert!(!json.to_string().contains("seven"), "{json}");

        let read: Plan = serde_json::from_value(json).expect("a plan");
        assert!(read.lacks_passwords() && !read.differs_from(&plan));
        assert!(read.differs_from(&with("COPY others FROM stdin")));
        assert_eq!(read.hidden().plan, plan.hidden().plan);
        let whole = read.with_passwords(&passwords).expect("all contents");
        assert_eq!((whole.steps, whole.teardown), (plan.steps, plan.teardown));
        assert_eq!(read.with_passwords(&passwords[..6]), None);
    }

    #[test]
    fn a_plan_that_was_read_back_is_no_other_plan() {
        let plan = written();
        let read: Plan = serde_json::from_value(plan.hidden().plan).expect("a plan");
        assert!(!read.differs_from(&plan) && !plan.differs_from(&read));
    }
}
