//! Steps: whom they name, and whether their parts fit each other.

mod expected;
mod password;
mod roles;
mod rounds;

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Scenario};
use crate::action::{Action, Beside, Depends, Expect, Flaw, Gives, Known, KnownNode, Step};
use crate::name::{NodeName, SessionName};
use crate::text::shortened;
use crate::text::suggest::{choice, did_you_mean_or_list};

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut reading = Reading {
        scenario,
        found: Vec::new(),
        known: known(scenario),
        sessions: BTreeMap::new(),
        captured: BTreeSet::new(),
    };
    if scenario.limit.0.is_zero() {
        let message = "no step can happen in no time".to_owned();
        let help = "leave `limit` out: ten minutes are the limit then".to_owned();
        let found = Finding::value("limit".to_owned(), message, help);
        reading.found.push(found);
    }
    reading.steps(&scenario.steps, "steps");
    // Sessions end where the teardown begins.
    reading.unfinished();
    reading.sessions.clear();
    reading.steps(&scenario.teardown, "teardown");
    reading.unfinished();
    reading.found
}

/// The knowledge at a step, while the steps are checked in order.
#[derive(Clone)]
struct Reading<'a> {
    scenario: &'a Scenario,
    found: Vec<Finding>,
    /// The facts that actions are given.
    known: Known<'a>,
    sessions: BTreeMap<&'a SessionName, Session>,
    /// The names of the values that steps captured.
    captured: BTreeSet<String>,
}

/// A session that was opened.
#[derive(Clone, PartialEq)]
struct Session {
    /// The step that opened it, or began the statement that runs in it.
    at: String,
    /// Whether a statement still runs in it.
    busy: bool,
    /// Whether that is a load, which gives nothing to be compared.
    is_load: bool,
}

impl<'a> Reading<'a> {
    fn steps(&mut self, steps: &'a [Step], path: &str) {
        for (index, step) in steps.iter().enumerate() {
            let at = format!("{path}[{index}]");
            self.nodes(step, &at);
            self.keys(step, &at);
            self.password(step, &at);
            self.flaws(step, &at);
            self.sessions(step, &at);
            self.variables(step, &at);
            self.time(step, &at);
            self.known.backups.extend(step.action.keeps());
            self.made_standbys(step);
            if let Some(name) = &step.name
                && !self.known.names.insert(name)
            {
                let message = format!("another step is called `{name}` too");
                self.found
                    .push(Finding::value(format!("{at}.name"), message, None));
            }
            if let Action::Hold(hold) = &step.action {
                if hold.during.is_empty() {
                    let message = "a check holds during steps, and there are none".to_owned();
                    self.found
                        .push(Finding::value(format!("{at}.hold.during"), message, None));
                }
                self.steps(&hold.during, &format!("{at}.hold.during"));
            }
            if let Action::Repeat(repeat) = &step.action {
                self.captured.insert(repeat.name.to_string());
                self.rounds(repeat, &at);
            }
            self.captured
                .extend(step.capture.iter().map(ToString::to_string));
        }
    }

    /// The flaws that the action itself reports.
    fn flaws(&mut self, step: &Step, at: &str) {
        let place = format!("{at}.{}", step.action.place());
        let flaws = step.action.flaws(step, &self.known);
        self.found
            .extend(flaws.into_iter().map(|flaw| found_at(&place, flaw)));
    }

    /// Values that were captured before.
    fn variables(&mut self, step: &Step, at: &str) {
        let path = match &step.action {
            Action::Hold(_) => format!("{at}.hold"),
            action => format!("{at}.{}", action.place()),
        };
        for name in step.used() {
            if !self.captured.contains(&name) {
                let known: Vec<&str> = self.captured.iter().map(String::as_str).collect();
                let message = format!("no step before this one captures `{name}`");
                let help = did_you_mean_or_list(&name, "captured values", &known);
                let help = if step.action.gives().is_rows() {
                    help
                } else {
                    format!("{help}; `$${{{name}}}` is how `${{{name}}}` itself is written")
                };
                let found = Finding::value(path.clone(), message, help);
                self.found.push(found.sure_of_every_step());
            }
        }
        for rest in step.unclosed() {
            let message = format!("`${{` without a `}}`: `{}`", shortened(&rest));
            let help = "`${name}` is the value that a step before captured as `name`".to_owned();
            self.found.push(Finding::value(path.clone(), message, help));
        }
    }

    fn nodes(&mut self, step: &'a Step, at: &str) {
        let nodes = &self.scenario.nodes.0;
        let known: Vec<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
        let prefix = format!("{at}.{}", step.action.place());
        let mut named: Vec<(String, &NodeName)> = step
            .on
            .iter()
            .map(|node| (format!("{at}.on"), node))
            .collect();
        named.extend(step.action.nodes().into_iter().map(|(below, node)| {
            let path = if below.is_empty() {
                prefix.clone()
            } else {
                format!("{prefix}.{below}")
            };
            (path, node)
        }));
        for (path, node) in named {
            if !known.is_empty() && !known.contains(&node.as_str()) {
                let message = format!("there is no node `{node}`");
                let help = did_you_mean_or_list(node.as_str(), "nodes", &known);
                self.found.push(Finding::value(path, message, help));
            }
        }
    }

    /// Keys that this action has no use for would be ignored silently.
    fn keys(&mut self, step: &Step, at: &str) {
        let action = &step.action;
        // A check can expect nothing but the server's error that it gets in place of an answer.
        let only_error = |expect: &Expect| {
            let error = expect.error.clone();
            let same = Expect {
                error,
                ..Expect::default()
            };
            *expect == same && same.error.is_some()
        };
        let expects =
            action.gives() != Gives::Verdict || step.expect.as_ref().is_some_and(only_error);
        let unused = |is_written: bool, key| is_written && !action.takes(key);
        let unused: [(&str, bool, &str); 6] = [
            (
                "on",
                unused(step.on.is_some(), Beside::On),
                "it says itself which nodes it is about",
            ),
            (
                "database",
                unused(step.database.is_some(), Beside::Database),
                "only `sql`, `load`, `corrupt` and checks of rows have a database",
            ),
            (
                "user",
                unused(step.user.is_some(), Beside::User),
                "only `sql` connects as somebody",
            ),
            (
                "session",
                unused(step.session.is_some(), Beside::Session),
                "only `sql` and `load` run in a session",
            ),
            (
                "expect",
                step.expect.is_some() && !expects,
                "a check is itself what is expected, or expects an `error` of its server",
            ),
            (
                "capture",
                unused(step.capture.is_some(), Beside::Capture),
                "only `sql`, `exec`, `finish` and `log` give a value",
            ),
        ];
        for (key, is_unused, why) in unused {
            if is_unused {
                let message = format!("`{}` takes no `{key}`", action.key());
                self.found
                    .push(Finding::key(format!("{at}.{key}"), message, why.to_owned()));
            }
        }
        if let Some(expect) = step.expect.as_ref().filter(|_| expects) {
            self.expected(step, expect, at);
        }
    }

    /// A `within` above the limit of the whole run would never be used up.
    fn time(&mut self, step: &Step, at: &str) {
        let limit = self.scenario.limit.0;
        if let Some(within) = step.within.filter(|within| within.0 > limit) {
            let message = format!(
                "{:?} is longer than all steps together may take, which is {limit:?}",
                within.0
            );
            let help = "raise the scenario's `limit`, or wait for less".to_owned();
            self.found
                .push(Finding::value(format!("{at}.within"), message, help));
        }
    }

    fn sessions(&mut self, step: &'a Step, at: &str) {
        let goes_on = matches!(step.action, Action::Load(_));
        let waits = goes_on || step.expect.as_ref().is_some_and(Expect::goes_on);
        if let Some(name) = &step.session {
            if let Some(session) = self.sessions.get(name)
                && session.busy
            {
                let message = format!("a statement still runs in the session `{name}`");
                let help = format!("`finish: {name}` comes first");
                let found = Finding::value(format!("{at}.session"), message, help);
                self.found.push(found.sure_of_every_step());
            }
            let session = Session {
                at: at.to_owned(),
                busy: waits,
                is_load: goes_on,
            };
            self.sessions.insert(name, session);
        }
        let ends = step.action.gives() != Gives::Verdict;
        let Some(name) = step.action.session().filter(|_| ends) else {
            return;
        };
        let path = format!("{at}.{}", step.action.key());
        let known: Vec<&str> = self.sessions.keys().map(|name| name.as_str()).collect();
        let problem = match (self.sessions.get_mut(name), &step.action) {
            (None, _) => {
                let message = format!("no session `{name}` is open here");
                Some((
                    message,
                    did_you_mean_or_list(name.as_str(), "open sessions", &known),
                ))
            }
            (Some(session), Action::Finish(_)) if !session.busy => {
                let message = format!("nothing runs in the session `{name}`");
                let help = "a statement with `expect: { waiting: … }` or `{ running: true }` goes on after its step; \
                            `cancel` has seen its end, and may expect something itself"
                    .to_owned();
                Some((message, help))
            }
            (Some(session), Action::Finish(_) | Action::Cancel(_))
                if session.is_load && step.expect.is_some() =>
            {
                session.busy = false;
                let message = format!("a load runs in `{name}`, and gives nothing to expect");
                let help = "the check `ledger` looks at what a ledger wrote".to_owned();
                Some((message, help))
            }
            (Some(session), _) => {
                session.busy = false;
                None
            }
        };
        if let Action::Close(_) = &step.action {
            self.sessions.remove(name);
        }
        if let Some((message, help)) = problem {
            let found = Finding::value(path, message, help);
            self.found.push(found.sure_of_every_step());
        }
    }

    /// A statement that nobody waits for could fail unseen.
    fn unfinished(&mut self) {
        for (name, session) in &self.sessions {
            if session.busy {
                let message =
                    format!("nobody learns how the statement in the session `{name}` ends");
                let help = choice("ways", &["finish", "cancel", "close"]);
                let found = Finding::key(format!("{}.session", session.at), message, help);
                self.found.push(found.sure_of_every_step());
            }
        }
    }
}

/// The facts before the first step.
fn known(scenario: &Scenario) -> Known<'_> {
    let nodes = scenario.nodes.0.iter();
    let nodes = nodes.map(|(name, node)| {
        let known = KnownNode {
            major: scenario.major_of(node),
            has_disk: node.disk.is_some(),
        };
        (name, known)
    });
    Known {
        nodes: nodes.collect(),
        archive: scenario.archive,
        standbys: roles::by_topology(scenario),
        ever_standbys: roles::ever(scenario),
        ..Known::default()
    }
}

/// A flaw that an action reports, with its place in the file.
fn found_at(place: &str, flaw: Flaw) -> Finding {
    let path = match flaw.below.as_str() {
        "" => place.to_owned(),
        below => format!("{place}.{below}"),
    };
    let found = if flaw.at_key {
        Finding::key(path, flaw.message, flaw.help)
    } else {
        Finding::value(path, flaw.message, flaw.help)
    };
    match flaw.depends {
        Depends::No => found,
        Depends::OnSteps => found.sure_of_every_step(),
        Depends::OnStepsAndNodes => found.sure_of_every_step().sure_of_every_node(),
    }
}
