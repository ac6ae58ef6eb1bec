//! Whether a step says something: words that are known, bounds that bound, and steps that do anything.

use super::{Finding, Walk};
use crate::action::{Action, CONFLICTS, Cell, Check, Conflicts, Step, Target};
use crate::text::suggest::did_you_mean_or_list;

impl Walk<'_> {
    /// What can only hold, or never, tests nothing.
    pub(super) fn means_something(&mut self, step: &Step, at: &str) {
        if let Action::Repeat(repeat) = &step.action
            && (repeat.over.is_empty() || repeat.steps().next().is_none())
        {
            let key = if repeat.over.is_empty() {
                "over"
            } else {
                "steps"
            };
            let message = format!("`{key}` is empty: nothing would happen");
            self.found
                .push(Finding::value(format!("{at}.repeat.{key}"), message, None));
        }
        if let Action::Load(load) = &step.action
            && load.time.is_some()
            && load.transactions.is_some()
        {
            let message =
                "a load ends after a time or after so many transactions, not both".to_owned();
            let help = "leave out `time` or `transactions`".to_owned();
            let path = format!("{at}.load.transactions");
            self.found.push(Finding::key(path, message, help));
        }
        if let Action::Restore(restore) = &step.action
            && restore.inclusive.is_some()
        {
            let why = match restore.to {
                None => Some("the archive's end is no target"),
                Some(Target::Immediate) => Some("`immediate` has nothing before it"),
                Some(Target::Name(_)) => Some("a named point has nothing of its own to leave out"),
                Some(Target::BeforeXid(_)) => Some("`before_xid` says it already"),
                Some(Target::Time(_) | Target::Xid(_) | Target::Lsn(_)) => None,
            };
            if let Some(why) = why {
                let message = format!("`inclusive` says nothing here: {why}");
                let help = "it goes with `time`, `xid` and `lsn`".to_owned();
                let path = format!("{at}.restore.inclusive");
                self.found.push(Finding::key(path, message, help));
            }
        }
        let Some((place, check)) = step.action.check() else {
            return;
        };
        let prefix = format!("{at}.{place}");
        if let Check::Conflict(kinds) = check {
            self.conflicts(kinds, &prefix);
        }
        let word = |given: &Cell, known: &[&str], what: &str| {
            let given = given.to_string();
            let is_known = known.contains(&given.as_str()) || given.contains("${");
            (!is_known).then(|| {
                let message = format!("`{given}` is no {what}");
                (message, Some(did_you_mean_or_list(&given, "words", known)))
            })
        };
        let wrong = match check {
            Check::Lag(lag) if lag.at_least.is_none() && lag.at_most.is_none() => {
                let help = "add `at_least: 1MB`, or `at_most: 5s`".to_owned();
                Some(("a lag has a bound".to_owned(), Some(help)))
            }
            Check::Log(log) if log.has.is_none() && log.lacks.is_none() => {
                let help = "add `has: …`, or `lacks: …`".to_owned();
                Some(("these words are missing".to_owned(), Some(help)))
            }
            Check::Log(log) if [&log.has, &log.lacks].contains(&&Some(String::new())) => {
                Some(("every line has that".to_owned(), None))
            }
            Check::Role(states) => states
                .values()
                .find_map(|state| word(state, &["primary", "standby", "down", "frozen"], "role")),
            Check::SyncState(states) => states.values().find_map(|state| {
                let known = ["sync", "potential", "quorum", "async", "not connected"];
                word(state, &known, "`sync_state`")
            }),
            Check::Slot(slot) => slot.wal_status.as_ref().and_then(|status| {
                let known = ["reserved", "extended", "unreserved", "lost"];
                word(&Cell(Some(status.clone())), &known, "`wal_status`")
            }),
            Check::Timeline(states) => states.values().find_map(|state| {
                let state = state.to_string();
                let is_number = state.parse::<u32>().is_ok() || state.contains("${");
                (!is_number).then(|| (format!("`{state}` is no timeline: those are numbers"), None))
            }),
            _ => None,
        };
        if let Some((message, help)) = wrong {
            self.found.push(Finding::value(prefix, message, help));
        }
    }

    /// Kinds of conflicts that servers count.
    fn conflicts(&mut self, kinds: &Conflicts, prefix: &str) {
        for kind in kinds.keys() {
            let short = kind.as_str().trim_start_matches("confl_");
            if !CONFLICTS.contains(&short) {
                let message = format!("no server counts conflicts of the kind `{kind}`");
                let help = did_you_mean_or_list(short, "kinds", CONFLICTS);
                self.found
                    .push(Finding::key(format!("{prefix}.{kind}"), message, help));
            }
        }
    }
}
