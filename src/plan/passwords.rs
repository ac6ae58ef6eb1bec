//! A plan split into its public part, without the passwords in its steps and settings, and these passwords.

use serde_json::Value;

use super::Plan;
use crate::sql::password::replace;

/// The two halves of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Hidden {
    /// The plan as JSON, with a mark instead of each password.
    pub plan: Value,
    /// The passwords, in the order of their marks.
    pub passwords: Vec<String>,
}

/// A mark looks like `‹password-1›`.
const MARK: (&str, &str) = ("‹password-", "›");

/// Texts for readers. A password in them is meant to be read.
const PROSE: [&str; 2] = ["say", "title"];

impl Plan {
    /// Splits the passwords off. A plan that was read back from a running lab does not change.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        let mut plan = serde_json::to_value(self).unwrap_or_default();
        let mut passwords: Vec<String> = Vec::new();
        each_text(&mut plan, &mut |text| {
            let hidden = replace(text, |password| {
                let known = passwords.iter().position(|other| other == password);
                let at = known.unwrap_or_else(|| {
                    passwords.push(password.to_owned());
                    passwords.len() - 1
                });
                format!("{}{}{}", MARK.0, at + 1, MARK.1)
            });
            *text = hidden;
        });
        Hidden { plan, passwords }
    }

    /// Whether the passwords of its steps are missing.
    #[must_use]
    pub fn lacks_passwords(&self) -> bool {
        let mut lacks = false;
        let mut plan = serde_json::to_value(self).unwrap_or_default();
        each_text(&mut plan, &mut |text| lacks |= text.contains(MARK.0));
        lacks
    }

    /// The plan with its passwords instead of their marks; `None` if one is missing.
    #[must_use]
    pub fn with_passwords(&self, passwords: &[String]) -> Option<Self> {
        let mut plan = serde_json::to_value(self).ok()?;
        let mut whole = true;
        each_text(&mut plan, &mut |text| match put_back(text, passwords) {
            Some(filled) => *text = filled,
            None => whole = false,
        });
        serde_json::from_value(plan).ok().filter(|_| whole)
    }
}

fn put_back(text: &str, passwords: &[String]) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(MARK.0) {
        let (number, after) = marked.split_once(MARK.1)?;
        let at = number.parse::<usize>().ok()?.checked_sub(1)?;
        filled.push_str(before);
        filled.push_str(passwords.get(at)?);
        rest = after;
    }
    Some(filled + rest)
}

fn each_text(json: &mut Value, look: &mut impl FnMut(&mut String)) {
    match json {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, look)),
        Value::Object(entries) => {
            let entries = entries.iter_mut();
            for (_, value) in entries.filter(|(key, _)| !PROSE.contains(&key.as_str())) {
                each_text(value, look);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::plan;

    const LAB: &str = "
name: pair
nodes: { primary: {} }
steps:
- say: Its password=x, as everybody knows.
  sql: CREATE ROLE a PASSWORD 'one'; CREATE ROLE b PASSWORD 'it''s two'
- exec: [psql, postgresql://a:one@localhost/shopping]
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
        } = plan.hidden();
        assert_eq!(passwords, ["one", "it''s two", "three", "four"]);
        let text = json.to_string();
        for password in &passwords {
            assert!(!text.contains(password), "{password}: {text}");
        }
        assert!(text.contains("Its password=x, as"), "{text}");

        let read: Plan = serde_json::from_value(json).expect("a plan");
        assert!(read.lacks_passwords() && !plan.lacks_passwords());
        let whole = read.with_passwords(&passwords).expect("all passwords");
        assert_eq!((whole.steps, whole.teardown), (plan.steps, plan.teardown));
        assert_eq!(read.with_passwords(&passwords[..3]), None);
    }

    #[test]
    fn a_plan_that_was_read_back_is_no_other_plan() {
        let plan = written();
        let read: Plan = serde_json::from_value(plan.hidden().plan).expect("a plan");
        assert!(!read.differs_from(&plan) && !plan.differs_from(&read));
    }
}
