//! Groups of steps that must run in one process, because a session lives in one process.
//!
//! Pure. Used to resume steps: by `--from`, and step by step. An idle session that left no state in its server process can
//! be replaced by a new one, so its group ends there.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::action::{Action, Step};
use crate::name::{DatabaseName, NodeName, SessionName, UserName};
use crate::sql::script;

/// The use of a session by a step, or by a step within it.
enum Use<'a> {
    /// Runs statements in it, and opens it first if needed.
    Sql(Who<'a>, &'a str),
    /// Begins a load or a ledger under that name.
    Load,
    /// Needs what runs in it.
    Rest,
    /// Ends it.
    Close,
}

/// The key of a connection.
type Who<'a> = (
    Option<&'a NodeName>,
    Option<&'a DatabaseName>,
    Option<&'a UserName>,
);

/// The sessions that a step, or a step within it, uses.
fn uses(step: &Step) -> Vec<(&SessionName, Use<'_>)> {
    let who = (step.on.as_ref(), step.database.as_ref(), step.user.as_ref());
    let mut found = Vec::new();
    if let Some(name) = &step.session {
        found.push(match &step.action {
            Action::Sql(sql) => (name, Use::Sql(who, &sql.0)),
            Action::SqlFile(file) => (name, Use::Sql(who, &file.text)),
            _ => (name, Use::Load),
        });
    }
    found.extend(step.action.session().map(|name| match &step.action {
        Action::Close(_) => (name, Use::Close),
        _ => (name, Use::Rest),
    }));
    found.extend(step.action.inner().into_iter().flatten().flat_map(uses));
    found
}

/// First words of statements that leave no state in the server process.
const PASSING: [&str; 19] = [
    "ALTER",
    "ANALYZE",
    "CHECKPOINT",
    "COMMENT",
    "COPY",
    "CREATE",
    "DELETE",
    "DROP",
    "EXPLAIN",
    "GRANT",
    "INSERT",
    "MERGE",
    "REVOKE",
    "SELECT",
    "SHOW",
    "TABLE",
    "TRUNCATE",
    "UPDATE",
    "VALUES",
];

/// Words by which such a statement does leave state: temporary tables and slots, settings, advisory locks.
const LASTING: [&str; 4] = ["temp", "set_config", "advisory", "replication_slot"];

/// Whether statements leave no state in the server process: no transaction, no setting, no temporary table. The answer is
/// no in doubt.
fn pass(text: &str) -> bool {
    let Ok(pieces) = script::pieces(text) else {
        return false;
    };
    pieces.iter().all(|piece| {
        let lower = piece.text.to_lowercase();
        let word = piece
            .text
            .split(|letter: char| !letter.is_ascii_alphabetic());
        let word = word.map(str::to_uppercase).next().unwrap_or_default();
        PASSING.contains(&word.as_str()) && !LASTING.iter().any(|word| lower.contains(word))
    })
}

/// A session: the step that opens it and all steps that depend on its state, counted from 0.
struct Life<'a> {
    name: &'a SessionName,
    steps: Vec<usize>,
    who: Option<Who<'a>>,
    passing: bool,
}

impl Life<'_> {
    fn start(&self) -> usize {
        self.steps.first().copied().unwrap_or_default()
    }

    fn end(&self) -> usize {
        self.steps.last().copied().unwrap_or_default()
    }

    /// Whether a new connection would do as well. Nothing runs in it: `lab check` ensures that.
    fn begins_again(&self, with: &Use<'_>) -> bool {
        match with {
            Use::Load => true,
            Use::Sql(who, _) => self.passing && self.who.is_none_or(|own| own == *who),
            Use::Rest | Use::Close => false,
        }
    }
}

fn lives(steps: &[Step]) -> Vec<Life<'_>> {
    let mut lives: Vec<Life<'_>> = Vec::new();
    let mut open: BTreeMap<&SessionName, usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        for (name, with) in uses(step) {
            let known = open.get(name).copied();
            let goes_on = known.filter(|&life| !lives[life].begins_again(&with));
            let life = goes_on.unwrap_or(lives.len());
            if goes_on.is_none() {
                lives.push(Life {
                    name,
                    steps: Vec::new(),
                    who: None,
                    passing: true,
                });
                open.insert(name, life);
            }
            let life = &mut lives[life];
            life.steps.push(at);
            match with {
                Use::Sql(who, text) => {
                    life.who.get_or_insert(who);
                    life.passing &= pass(text);
                }
                Use::Close => _ = open.remove(name),
                Use::Load | Use::Rest => {}
            }
        }
    }
    lives
}

/// The steps in groups that must run as a whole: from the step that opens a session to the last one that needs it.
/// Counted from 0.
#[must_use]
pub fn groups(steps: &[Step]) -> Vec<Range<usize>> {
    let lives = lives(steps);
    let mut groups = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let mut end = at;
        // A session that is opened while another is open makes the group longer.
        while let Some(life) = lives
            .iter()
            .find(|life| (at..=end).contains(&life.start()) && life.end() > end)
        {
            end = life.end();
        }
        groups.push(at..end + 1);
        at = end + 1;
    }
    groups
}

/// Why the run cannot start at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Severed<'a> {
    /// The session that would be missing.
    pub session: &'a SessionName,
    /// The step that opens it, counted from 0.
    pub opened: usize,
    /// The first step left that needs it.
    pub needed: usize,
    /// The nearest steps before and after where it could start; there may be none after.
    pub instead: Range<usize>,
}

/// The session that is missing if the run starts at step `from`, counted from 0.
#[must_use]
pub fn severed(steps: &[Step], from: usize) -> Option<Severed<'_>> {
    let instead = groups(steps)
        .into_iter()
        .find(|group| group.contains(&from))?;
    lives(steps).into_iter().find_map(|life| {
        let needed = life.steps.iter().copied().find(|&at| at >= from)?;
        (life.start() < from).then(|| Severed {
            session: life.name,
            opened: life.start(),
            needed,
            instead: instead.clone(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load::{Overrides, Source, load};

    fn grouped(steps: &str) -> Vec<Range<usize>> {
        let text = format!("name: a\nnodes: {{ p: {{}} }}\nsteps:\n{steps}");
        let source = Source::new("a.yaml", text.as_bytes(), None).expect("text");
        let loaded = load(&source, &Overrides::default()).expect("a scenario");
        groups(&loaded.scenario.steps)
    }

    #[test]
    fn a_session_holds_its_steps_together() {
        let steps = "\
- sql: SELECT 0
- { sql: SELECT 1, session: a, expect: { waiting: Lock } }
- { sql: BEGIN, session: b }
- finish: a
- { sql: SELECT 4, session: b }
- sql: SELECT 5
";
        assert_eq!(grouped(steps), [0..1, 1..5, 5..6]);
        assert_eq!(grouped("- sql: SELECT 0\n- sql: SELECT 1\n"), [0..1, 1..2]);
    }

    #[test]
    fn a_session_that_was_closed_can_be_opened_again() {
        let steps = "\
- { sql: SELECT 0, session: a }
- close: a
- sql: SELECT 2
- { sql: SELECT 3, session: a }
";
        assert_eq!(grouped(steps), [0..2, 2..3, 3..4]);
    }

    #[test]
    fn an_idle_session_that_left_nothing_begins_again() {
        let wait = "session: a, expect: { waiting: SyncRep }";
        let twice = |first: &str, more: &str| {
            grouped(&format!(
                "- {{ sql: '{first}', {wait} }}\n- finish: a\n- sql: SELECT 2\n\
                 - {{ sql: DELETE FROM t, {wait}{more} }}\n- cancel: a\n"
            ))
        };
        assert_eq!(twice("INSERT INTO t VALUES (1)", ""), [0..2, 2..3, 3..5]);
        for lasting in [
            "BEGIN; SELECT 1",
            "SET work_mem = 1",
            "CREATE TEMP TABLE t (i int)",
        ] {
            assert_eq!(twice(lasting, "").len(), 1, "{lasting}");
        }
        assert_eq!(twice("SELECT 1", ", user: somebody").len(), 1);
    }

    #[test]
    fn a_ledger_is_needed_by_its_check_and_steps_of_a_round_by_it() {
        let ledger = "\
- { load: { kind: ledger }, session: l }
- finish: l
- sql: SELECT 2
- ledger: { session: l, lost: 0 }
- { load: { kind: ledger }, session: l }
- finish: l
";
        assert_eq!(grouped(ledger), [0..4, 4..6]);
        let round = "\
- { sql: BEGIN, session: a }
- repeat: { over: [1], as: n, steps: [{ sql: COMMIT, session: a }] }
";
        assert_eq!(grouped(round).len(), 1);
    }

    #[test]
    fn what_is_missing_is_named_with_the_steps_around_it() {
        let text = "name: a\nnodes: { p: {} }\nsteps:\n- sql: SELECT 0\n- { sql: BEGIN, session: a }\n\
                    - sql: SELECT 2\n- { sql: COMMIT, session: a }\n- sql: SELECT 4\n";
        let source = Source::new("a.yaml", text.as_bytes(), None).expect("text");
        let steps = load(&source, &Overrides::default()).expect("a scenario");
        let steps = steps.scenario.steps;
        let found = severed(&steps, 2).expect("a session");
        assert_eq!(
            (found.session.as_str(), found.opened, found.needed),
            ("a", 1, 3)
        );
        assert_eq!(found.instead, 1..4);
        for from in [0, 1, 4] {
            assert_eq!(severed(&steps, from), None, "{from}");
        }
    }
}
