//! Expectations of steps: none that the action cannot meet, and no two that contradict each other.

use super::{Finding, Reading};
use crate::action::{Action, Expect, Gives, Step};

impl Reading<'_> {
    pub(super) fn expected(&mut self, step: &Step, expect: &Expect, at: &str) {
        let action = &step.action;
        let gives = action.gives();
        let is_exec = gives == Gives::Output;
        let no_rows = !gives.is_rows();
        let goes_on = gives == Gives::Statement;
        let misplaced: [(&str, bool); 8] = [
            ("output", expect.output.is_some() && no_rows && !is_exec),
            ("rows", expect.rows.is_some() && no_rows),
            ("value", expect.value.is_some() && no_rows),
            ("count", expect.count.is_some() && no_rows),
            ("error", expect.error.is_some() && is_exec),
            ("waiting", expect.waiting.is_some() && !goes_on),
            ("running", expect.running.is_some() && !goes_on),
            ("code", expect.code.is_some() && !is_exec),
        ];
        for (key, is_misplaced) in misplaced {
            if is_misplaced {
                let message = format!("`{}` cannot expect `{key}`", action.key());
                self.found
                    .push(Finding::key(format!("{at}.expect.{key}"), message, None));
            }
        }
        let asks_servers = matches!(action, Action::Check(_) | Action::Not(_));
        if no_rows
            && !is_exec
            && !asks_servers
            && expect
                .error
                .as_ref()
                .is_some_and(|error| error.code.is_some())
        {
            let message = format!("what `{}` fails with has no SQLSTATE", action.key());
            let help = "expect some of its words: `error: { has: … }`".to_owned();
            self.found
                .push(Finding::value(format!("{at}.expect.error"), message, help));
        }
        let key = if expect.waiting.is_some() {
            "waiting"
        } else {
            "running"
        };
        let at_going_on = format!("{at}.expect.{key}");
        if expect.running == Some(false) {
            let message = "a statement that does not run is what every step expects".to_owned();
            let help = "leave it out, or write `running: true` for one that goes on".to_owned();
            let at = format!("{at}.expect.running");
            self.found.push(Finding::value(at, message, help));
        } else if expect.waiting.is_some() && expect.running.is_some() {
            let message = "a waiting statement is running".to_owned();
            let help = "leave one of the two out".to_owned();
            let at = format!("{at}.expect.running");
            self.found.push(Finding::key(at, message, help));
        } else if expect.goes_on() && step.session.is_none() {
            let message = "a statement that keeps running needs a session".to_owned();
            let help = "add `session: writer`, and `finish: writer` in a later step".to_owned();
            self.found
                .push(Finding::key(at_going_on.clone(), message, help));
        }
        let results = expect.rows.is_some() || expect.value.is_some() || expect.count.is_some();
        if expect.error.is_some() && results {
            let message = "a statement that fails gives no rows".to_owned();
            self.found
                .push(Finding::key(format!("{at}.expect.error"), message, None));
        }
        if expect.goes_on() && (results || expect.error.is_some()) {
            let message = "the result of a running statement is not known yet".to_owned();
            let help = "expect it in the `finish` step of the session".to_owned();
            self.found.push(Finding::key(at_going_on, message, help));
        }
    }
}
