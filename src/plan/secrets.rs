//! The secrets of a lab by their value, to keep them out of what is printed wherever they turn up.
//!
//! Owns which values are secret. A value that also stands openly in the scenario is none: nothing would be readable if
//! the password `primary` were replaced. Never finds a password by its place: that is [`crate::sql::password`].

use std::borrow::Cow;

use super::Plan;
use crate::scenario::ReplicationUser;
use crate::sql::password;

/// A shorter value is part of too many words.
const SHORTEST: usize = 4;
/// A value of letters this long is replaced within words too.
const LONG: usize = 8;

/// Values that are not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// The passwords of a plan, in each spelling: as SQL, as the value, as JSON and as XML. `open` are texts beside the plan
    /// that are meant to be read.
    #[must_use]
    pub fn of(plan: &Plan, open: &[&str]) -> Self {
        let hidden = plan.hidden();
        let public = hidden.plan.to_string();
        let mut values = Vec::new();
        for (at, text) in hidden.passwords.into_iter().enumerate() {
            let places = password::places(&text);
            values.extend(places.into_iter().map(|place| text[place].to_owned()));
            // An SQL file is no secret as a whole: a report may quote any statement of it.
            if !hidden.contents.contains(&at) {
                values.push(text);
            }
        }
        let user = plan.replication_user.password.expose();
        if user != ReplicationUser::default().password.expose() {
            values.push(user.to_owned());
        }
        let mut secrets = Self::default();
        for value in values {
            let is_open = public.contains(&value) || open.iter().any(|text| text.contains(&value));
            if !is_open {
                secrets.add(&value);
            }
        }
        secrets
    }

    /// One value.
    #[must_use]
    pub fn of_value(value: &str) -> Self {
        let mut secrets = Self::default();
        secrets.add(value);
        secrets
    }

    fn add(&mut self, value: &str) {
        let few = value.chars().count() < LONG;
        let number = value.chars().all(|c| c.is_ascii_digit());
        if value.chars().count() < SHORTEST || (few && number) {
            return;
        }
        let plain = value.replace("''", "'");
        let json = serde_json::Value::from(plain.as_str()).to_string();
        let json = json[1..json.len() - 1].to_owned();
        let xml = plain.chars().map(in_xml).collect();
        for spelling in [value.to_owned(), plain, json, xml] {
            if !self.0.contains(&spelling) {
                self.0.push(spelling);
            }
        }
        // The longest first: one may be part of another.
        self.0.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// These and others.
    pub fn extend(&mut self, others: Self) {
        for value in others.0 {
            self.add(&value);
        }
    }

    /// Whether one has blanks. A text that was wrapped or shortened between its words cannot be masked any more.
    #[must_use]
    pub fn have_blanks(&self) -> bool {
        self.0
            .iter()
            .any(|value| value.contains(char::is_whitespace))
    }

    /// A text with `…` in place of each secret.
    #[must_use]
    pub fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for secret in &self.0 {
            if let Some(replaced) = without(&masked, secret) {
                masked = Cow::Owned(replaced);
            }
        }
        masked
    }
}

/// A character as a report in XML spells it.
fn in_xml(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        c => c.to_string(),
    }
}

/// The text with each `secret` replaced; nothing if there is none. A short one counts as a word alone.
fn without(text: &str, secret: &str) -> Option<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_short = secret.chars().count() < LONG;
    let (mut replaced, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(secret) {
        let end = at + secret.len();
        let within = text[..at].ends_with(is_word) || text[end..].starts_with(is_word);
        if !(is_short && within) {
            replaced += &text[from..at];
            replaced.push('…');
            from = end;
        }
    }
    (from > 0).then(|| replaced + &text[from..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Step;
    use crate::action::sql_file::SqlFile;
    use crate::plan::tests::plan;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let plan = plan(
            "name: pair\nreplication_user: { password: hunter22 }\nnodes: { primary: {} }\nsteps:\n\
             - sql: CREATE ROLE a PASSWORD 'it''s \"two\"'; CREATE ROLE b PASSWORD 'four'; ALTER ROLE c PASSWORD 'primary'\n\
             - say: Its password=openly, as everybody knows.\n  exec: psql pass=openly\n",
        );
        let secrets = Secrets::of(&plan, &[]);
        for (text, wanted) in [
            ("SELECT 'it''s \"two\"'", "SELECT '…'"),
            ("it's \"two\"", "…"),
            ("{\"a\":\"it's \\\"two\\\"\"}", "{\"a\":\"…\"}"),
            ("four fourteen four", "… fourteen …"),
            ("xhunter22x", "x…x"),
            ("primary openly", "primary openly"),
        ] {
            assert_eq!(secrets.masked(text), wanted, "{secrets:?}");
        }
        assert!(!format!("{secrets:?}").contains("hunter"));
        assert!(secrets.have_blanks() && !Secrets::of_value("hunter22").have_blanks());
    }

    #[test]
    fn of_an_sql_file_its_passwords_are_masked_and_nothing_else() {
        let mut plan = plan("name: a\nnodes: { primary: {} }\n");
        let text = "CREATE TABLE notes (id int);\nALTER ROLE a PASSWORD 'seventeen'";
        plan.steps.push(Step::of(SqlFile {
            path: "more.sql".into(),
            text: text.to_owned(),
        }));
        let secrets = Secrets::of(&plan, &[]);
        let shown = "CREATE TABLE notes (id int);\nALTER ROLE a PASSWORD '…'";
        assert_eq!(secrets.masked(text), shown);
        plan.steps[0] = Step::of(SqlFile {
            path: "more.sql".into(),
            text: "TABLE notes".to_owned(),
        });
        let secrets = Secrets::of(&plan, &[]);
        assert_eq!(secrets.masked("TABLE notes"), "TABLE notes");
    }

    #[test]
    fn the_password_of_a_step_is_masked() {
        let plan = plan(
            "name: a\nnodes: { primary: {} }\nsteps:\n- { sql: SELECT 1, user: a, password: eighteen }\n",
        );
        assert!(!plan.hidden().plan.to_string().contains("eighteen"));
        let secrets = Secrets::of(&plan, &[]);
        assert_eq!(secrets.masked("with eighteen"), "with …");
    }

    #[test]
    fn the_default_password_and_numbers_are_not_masked() {
        let plan = plan(
            "name: a\nnodes: { primary: {} }\nsteps:\n- sql: CREATE ROLE a PASSWORD '12345'\n",
        );
        let secrets = Secrets::of(&plan, &[]);
        assert_eq!(secrets.masked("replica123 12345 x"), "replica123 12345 x");
    }
}
