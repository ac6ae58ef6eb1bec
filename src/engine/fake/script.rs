//! The journal of calls, and what a test scripted for them.

use std::sync::Arc;
use std::time::Duration;

use super::process::Main;
use crate::engine::{Container, EngineErrorKind, ExecOutput};

pub(super) type Hook = Arc<dyn Fn() + Send + Sync>;
type Program = Arc<dyn Fn(&Container, &[String], &[u8]) -> ExecOutput + Send + Sync>;

#[derive(Default)]
pub(super) struct Script {
    pub(super) journal: Vec<String>,
    pub(super) program: Option<Program>,
    pub(super) main: Option<Main>,
    pub(super) answers: Vec<(String, ExecOutput)>,
    failures: Vec<ScriptedFailure>,
    hooks: Vec<(String, Hook)>,
    delays: Vec<(String, Duration)>,
}

struct ScriptedFailure {
    call: String,
    /// Which call fails, counted from 1. Default: every one.
    nth: Option<usize>,
    seen: usize,
    kind: EngineErrorKind,
    message: String,
}

/// What a test scripted for one call.
pub(super) struct Cue {
    pub(super) hooks: Vec<Hook>,
    pub(super) delay: Duration,
    pub(super) failure: Option<(EngineErrorKind, String)>,
}

impl Script {
    pub(super) fn fail(
        &mut self,
        call: &str,
        nth: Option<usize>,
        kind: EngineErrorKind,
        message: &str,
    ) {
        self.failures.push(ScriptedFailure {
            call: call.to_owned(),
            nth,
            seen: 0,
            kind,
            message: message.to_owned(),
        });
    }

    pub(super) fn hook(&mut self, call: &str, hook: Hook) {
        self.hooks.push((call.to_owned(), hook));
    }

    pub(super) fn delay(&mut self, call: &str, delay: Duration) {
        self.delays.push((call.to_owned(), delay));
    }

    /// Records a call and returns what was scripted for it.
    pub(super) fn cue(&mut self, call: String) -> Cue {
        let meant = |words: &str| is_meant(&call, words);
        let hooks = self.hooks.iter().filter(|(words, _)| meant(words));
        let delays = self.delays.iter().filter(|(words, _)| meant(words));
        let (hooks, delay) = (
            hooks.map(|(_, hook)| Arc::clone(hook)).collect(),
            delays.map(|(_, delay)| *delay).sum(),
        );
        let mut failure = None;
        for planned in self.failures.iter_mut().filter(|one| meant(&one.call)) {
            planned.seen += 1;
            if planned.nth.is_none_or(|nth| nth == planned.seen) && failure.is_none() {
                failure = Some((planned.kind, planned.message.clone()));
            }
        }
        self.journal.push(call);
        Cue {
            hooks,
            delay,
            failure,
        }
    }

    /// Takes the next answer queued for a program in that container.
    pub(super) fn answer(&mut self, container: &str) -> Option<ExecOutput> {
        let mut answers = self.answers.iter();
        let at = answers.position(|(name, _)| name == container)?;
        Some(self.answers.remove(at).1)
    }
}

fn is_meant(call: &str, words: &str) -> bool {
    call.strip_prefix(words)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// A call as the act of an error: "starting the container `lab-a`".
pub(super) fn act(verb: &str, subject: &str) -> String {
    let (doing, what) = match verb.split_once('_') {
        Some(("create", what)) => ("creating", what),
        Some(("remove", what)) => ("removing", what),
        Some(("find", what)) => ("looking for", what),
        Some(("start", what)) => ("starting", what),
        Some(("signal", what)) => ("signalling", what),
        Some(("pause", what)) => ("pausing", what),
        Some(("unpause", what)) => ("unpausing", what),
        Some(("pull", what)) => ("pulling", what),
        Some(("import", what)) => ("importing", what),
        _ => match verb {
            "attach" => ("attaching to", "container"),
            "logs" => ("reading the log of", "container"),
            "exec" => ("running a program in", "container"),
            "endpoints" => ("looking at", "network"),
            "disconnect" => ("disconnecting from", "network"),
            "info" => return "asking the engine for its version".to_owned(),
            _ => return format!("listing {verb}"),
        },
    };
    format!("{doing} the {what} `{subject}`")
}
