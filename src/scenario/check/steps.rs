//! Steps: whom they name, and whether their parts fit each other.

mod expected;
mod meaning;
mod roles;
mod rounds;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Finding, Scenario};
use crate::action::{Action, Check, Expect, Follow, LoadKind, LogCheck, Step, variables};
use crate::name::{NodeName, SessionName, StepName};
use crate::text::shortened;
use crate::text::suggest::{choice, did_you_mean_or_list};

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut walk = Walk {
        scenario,
        found: Vec::new(),
        names: HashSet::new(),
        sessions: BTreeMap::new(),
        variables: BTreeSet::new(),
        backups: BTreeSet::new(),
        standbys: roles::by_topology(scenario),
        ever_standbys: roles::ever(scenario),
    };
    if scenario.limit.0.is_zero() {
        let message = "no step can happen in no time".to_owned();
        let help = "leave `limit` out: ten minutes are the limit then".to_owned();
        let found = Finding::value("limit".to_owned(), message, help);
        walk.found.push(found);
    }
    walk.steps(&scenario.steps, "steps");
    // Sessions end where the teardown begins.
    walk.unfinished();
    walk.sessions.clear();
    walk.steps(&scenario.teardown, "teardown");
    walk.unfinished();
    walk.found
}

/// What is known while the steps are gone through in their order.
#[derive(Clone)]
struct Walk<'a> {
    scenario: &'a Scenario,
    found: Vec<Finding>,
    names: HashSet<&'a StepName>,
    sessions: BTreeMap<&'a SessionName, Session>,
    variables: BTreeSet<String>,
    backups: BTreeSet<&'a str>,
    /// The nodes that are standbys by the topology, or that a step before may have made one.
    standbys: BTreeSet<&'a NodeName>,
    /// The same of all steps.
    ever_standbys: BTreeSet<&'a NodeName>,
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

impl<'a> Walk<'a> {
    fn steps(&mut self, steps: &'a [Step], path: &str) {
        for (index, step) in steps.iter().enumerate() {
            let at = format!("{path}[{index}]");
            self.names(step, &at);
            self.nodes(step, &at);
            self.keys(step, &at);
            self.found
                .extend(super::faults::check(self.scenario, step, &at));
            self.sessions(step, &at);
            self.variables(step, &at);
            self.backups(step, &at);
            self.means_something(step, &at);
            self.roles(step, &at);
            self.time(step, &at);
            if let Some(name) = &step.name
                && !self.names.insert(name)
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
                self.variables.insert(repeat.name.to_string());
                self.rounds(repeat, &at);
            }
            self.variables
                .extend(step.capture.iter().map(ToString::to_string));
        }
    }

    /// Base backups that were kept before, the archive, and what a ledger needs.
    fn backups(&mut self, step: &'a Step, at: &str) {
        let needed = match &step.action {
            Action::Backup(name) => {
                self.backups.insert(name.as_str());
                None
            }
            Action::Clone(clone) => Some(("clone", &clone.backup)),
            Action::Restore(restore) => Some(("restore", &restore.backup)),
            _ => None,
        };
        if let Some((key, name)) = needed
            && !self.backups.contains(name.as_str())
        {
            let known: Vec<&str> = self.backups.iter().copied().collect();
            let message = format!("no step before this one keeps a backup `{name}`");
            let help = did_you_mean_or_list(name.as_str(), "backups", &known);
            let found = Finding::value(format!("{at}.{key}.backup"), message, help);
            self.found.push(found.sure_of_every_step());
        }
        if let Action::CreateSubscriber(created) = &step.action
            && let Some(node) = self.scenario.nodes.find(&created.node)
            && self.scenario.major_of(node).is_some_and(|major| major < 17)
        {
            let message = "`pg_createsubscriber` came with PostgreSQL 17".to_owned();
            let help = "write `postgres: 17`".to_owned();
            self.found.push(Finding::key(
                format!("{at}.create_subscriber"),
                message,
                help,
            ));
        }
        let archives = matches!(step.action, Action::Archive(_) | Action::Restore(_));
        if archives && !self.scenario.archive {
            let key = step.action.key();
            let message = "this lab has no archive".to_owned();
            let help = "write `archive: true` at the top of the scenario".to_owned();
            self.found
                .push(Finding::key(format!("{at}.{key}"), message, help));
        }
        if let Action::Load(load) = &step.action
            && load.kind == LoadKind::Ledger
            && step.session.is_none()
        {
            let message =
                "a ledger is written while other steps happen: it needs a session".to_owned();
            let help = "add `session: ledger`, and `finish: ledger` in a later step".to_owned();
            self.found
                .push(Finding::key(format!("{at}.load"), message, help));
        }
    }

    /// Values that were captured before.
    fn variables(&mut self, step: &Step, at: &str) {
        let path = match &step.action {
            Action::Hold(_) => format!("{at}.hold"),
            action => format!("{at}.{}", action.place()),
        };
        for name in variables::used(step) {
            if !self.variables.contains(&name) {
                let known: Vec<&str> = self.variables.iter().map(String::as_str).collect();
                let message = format!("no step before this one captures `{name}`");
                let help = did_you_mean_or_list(&name, "captured values", &known);
                let found = Finding::value(path.clone(), message, help);
                self.found.push(found.sure_of_every_step());
            }
        }
        for rest in variables::unclosed(step) {
            let message = format!("`${{` without a `}}`: `{}`", shortened(&rest));
            let help = "`${name}` is the value that a step before captured as `name`".to_owned();
            self.found.push(Finding::value(path.clone(), message, help));
        }
    }

    /// Names of steps that came before.
    fn names(&mut self, step: &'a Step, at: &str) {
        if let Some((place, Check::Log(log))) = step.action.check()
            && let Some(since) = &log.since
            && !self.names.contains(since)
        {
            let known: Vec<&str> = self.names.iter().map(|name| name.as_str()).collect();
            let message = format!("no step before this one is called `{since}`");
            let help = did_you_mean_or_list(since.as_str(), "named steps before it", &known);
            let found = Finding::value(format!("{at}.{place}.since"), message, help);
            self.found.push(found.sure_of_every_step());
        }
    }

    fn nodes(&mut self, step: &'a Step, at: &str) {
        let nodes = &self.scenario.nodes.0;
        let known: Vec<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
        let key = step.action.key();
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
        if let Action::Follow(Follow { node, upstream, .. })
        | Action::Rewind(Follow { node, upstream, .. })
        | Action::Reclone(Follow { node, upstream, .. }) = &step.action
            && node == upstream
        {
            let message = format!("`{node}` cannot stream from itself");
            let help = "name another node as its upstream".to_owned();
            self.found.push(Finding::value(
                format!("{at}.{key}.upstream"),
                message,
                help,
            ));
        }
    }

    /// Keys that this action has no use for would be ignored silently.
    fn keys(&mut self, step: &Step, at: &str) {
        let action = &step.action;
        let is_sql = matches!(action, Action::Sql(_) | Action::SqlFile(_));
        let is_check = matches!(action, Action::Check(_) | Action::Not(_));
        let expects = !is_check && !matches!(action, Action::Hold(_) | Action::Repeat(_));
        let gives = is_sql
            || matches!(
                action,
                Action::Exec(_)
                    | Action::Finish(_)
                    | Action::Check(Check::Log(LogCheck { has: Some(_), .. }))
            );
        let looks = matches!(action, Action::Corrupt(_) | Action::Load(_))
            || matches!(
                action.check(),
                Some((
                    _,
                    Check::Rows(_) | Check::SameRows(_) | Check::Synced(_) | Check::Unreplicated(_)
                ))
            );
        let unused: [(&str, bool, &str); 6] = [
            (
                "on",
                step.on.is_some() && !action.is_on_one_node(),
                "it says itself which nodes it is about",
            ),
            (
                "database",
                step.database.is_some() && !is_sql && !looks,
                "only `sql`, `load`, `corrupt` and checks of rows have a database",
            ),
            (
                "user",
                step.user.is_some() && !is_sql,
                "only `sql` connects as somebody",
            ),
            (
                "session",
                step.session.is_some() && !is_sql && !matches!(action, Action::Load(_)),
                "only `sql` and `load` run in a session",
            ),
            (
                "expect",
                step.expect.is_some() && !expects,
                "a check is itself what is expected",
            ),
            (
                "capture",
                step.capture.is_some() && !gives,
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

    /// What may wait for longer than the whole run may take would never be waited for so long.
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
        let Some(name) = step.action.session() else {
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
        if let Action::Close(name) = &step.action {
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
