//! The document that `lab run --output json` prints, and its form for people. Its keys are an interface.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::fit::Width;
use super::table;
use super::up::millis;
use crate::action::Step;
use crate::event::Outcome;
use crate::failure::Failure;
use crate::name::LabName;
use crate::run::NodeLog;
use crate::run::experiment::Ran;
use crate::verify::Verdict;

/// The report of one run of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// The lab's name.
    pub lab: String,
    /// The scenario's name or path on the command line.
    pub scenario: String,
    /// The scenario's file.
    pub file: String,
    /// Whether the lab came up, replicated and passed every step.
    pub passed: bool,
    /// Why the run was skipped, if it was. A skipped run did nothing, and neither passed nor failed.
    pub skipped: Option<String>,
    /// Whether the lab still exists.
    pub kept: bool,
    /// The failure that ended the run early.
    pub error: Option<RunFailure>,
    /// The proof of replication before the first step.
    pub verification: Option<Verdict>,
    /// The steps that ran.
    pub steps: Vec<StepReport>,
    /// The steps that did not run: those after a failed one, and those before `--from`.
    pub not_run: Vec<NotRun>,
    /// What the nodes logged since the step before the failed one.
    pub logs: Vec<NodeLog>,
    /// The status of the lab when a step failed.
    pub state: Option<crate::lab::status::Status>,
    /// Milliseconds until the lab was up.
    pub up_ms: f64,
    /// Milliseconds in total.
    pub took_ms: f64,
}

/// The outcome of a step and its place in the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Its line in the scenario file.
    pub line: Option<usize>,
    /// What the step did and saw.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A step that did not run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NotRun {
    /// The step's number.
    pub number: String,
    /// Its line in the scenario file.
    pub line: Option<usize>,
    /// What it does, in one line.
    pub what: String,
}

/// Why a run ended early: the lab did not come up, was interrupted, or could not be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFailure {
    /// What was being done: `up`, `down` or `interrupted`.
    pub during: &'static str,
    /// The line in the scenario of the setting that a server refused.
    pub line: Option<usize>,
    /// What failed, why, and what to do.
    #[serde(flatten)]
    pub failure: Failure,
}

/// The scenario of a run.
pub struct About<'a> {
    /// The lab's name.
    pub lab: &'a LabName,
    /// The scenario's name or path on the command line.
    pub scenario: &'a str,
    /// The scenario's file.
    pub file: &'a str,
    /// The scenario's steps.
    pub steps: &'a [Step],
    /// Finds the line of a step by its number.
    pub line: &'a dyn Fn(&str) -> Option<usize>,
}

impl RunReport {
    /// The report of a run that ended early.
    #[must_use]
    pub fn broken(trouble: RunFailure, about: &About<'_>, kept: bool, took: Duration) -> Self {
        Self {
            lab: about.lab.to_string(),
            scenario: about.scenario.to_owned(),
            file: about.file.to_owned(),
            passed: false,
            skipped: None,
            kept,
            error: Some(trouble),
            verification: None,
            steps: Vec::new(),
            not_run: not_run(about, &[]),
            logs: Vec::new(),
            state: None,
            up_ms: 0.0,
            took_ms: millis(took),
        }
    }

    /// The report of a run.
    #[must_use]
    pub fn new(ran: Ran, about: &About<'_>) -> Self {
        let walked = ran.walked;
        let steps = walked.steps.into_iter().map(|outcome| StepReport {
            line: (about.line)(&outcome.number),
            outcome,
        });
        let steps: Vec<StepReport> = steps.collect();
        Self {
            lab: ran.lab.to_string(),
            scenario: about.scenario.to_owned(),
            file: about.file.to_owned(),
            error: None,
            not_run: not_run(about, &steps),
            passed: ran.passed,
            skipped: ran.skipped,
            kept: ran.kept,
            verification: ran.verdict,
            steps,
            logs: walked.logs,
            state: walked.state,
            up_ms: millis(ran.up_took),
            took_ms: millis(ran.took),
        }
    }

    /// The path of a step in the scenario by its number: `steps[2].hold.during[0]` for `3.1`, `teardown[0]` for `t1`.
    #[must_use]
    pub fn path(number: &str) -> Option<String> {
        let (list, number) = match number.strip_prefix('t') {
            Some(rest) => ("teardown", rest),
            None => ("steps", number),
        };
        let mut path = list.to_owned();
        let mut within = "";
        for part in number.split('.') {
            // `4#2` is the second round of the fourth step, a `repeat`.
            let (index, round) = part.split_once('#').unwrap_or((part, ""));
            let index = index.parse::<usize>().ok()?.checked_sub(1)?;
            _ = write!(path, "{within}[{index}]");
            within = if round.is_empty() {
                ".hold.during"
            } else {
                ".repeat.steps"
            };
        }
        Some(path)
    }

    /// The step that failed first. A step inside another one comes before it.
    #[must_use]
    pub fn failed_step(&self) -> Option<&StepReport> {
        self.steps.iter().find(|step| !step.outcome.passed)
    }

    /// The outcome in words.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match (&self.skipped, self.passed) {
            (Some(_), _) => "was skipped",
            (None, true) => "passed",
            (None, false) => "failed",
        }
    }

    /// The form for people: one line a step, and all details of a failure.
    #[must_use]
    pub fn text(&self, width: Width) -> String {
        let mut text = String::new();
        if let Some(trouble) = &self.error {
            text.push_str(&trouble.text(&self.file));
        }
        // Without steps, the proof is all there is to show.
        let told = |verdict: &&Verdict| !verdict.passed || self.is_proof_alone();
        if let Some(verdict) = self.verification.as_ref().filter(told) {
            text.push_str(&table::verdict(verdict, width));
        }
        if !self.steps.is_empty() {
            let header = ["outcome", "step", "took", "what", "result"];
            text.push_str(&table::rows(&header, self.steps.iter().map(row), width));
        }
        for step in self.steps.iter().filter(|step| self.is_told(step)) {
            text.push_str(&self.failure(step));
        }
        if let Some(state) = &self.state {
            _ = write!(
                text,
                "\nreplication at that moment:\n{}",
                table::status(state, width)
            );
        }
        let since = if self.steps.is_empty() {
            "last"
        } else {
            "since the step before"
        };
        for log in &self.logs {
            _ = writeln!(text, "\n{} wrote {since}:", log.node);
            for line in &log.lines {
                _ = writeln!(text, "  {line}");
            }
        }
        text
    }

    /// Whether the scenario has no steps.
    fn is_proof_alone(&self) -> bool {
        self.steps.is_empty() && self.not_run.is_empty()
    }

    /// Whether a step failed by itself. If a step inside it failed, only that one is shown.
    fn is_told(&self, step: &StepReport) -> bool {
        let during = format!("{}.", step.outcome.number);
        let mut others = self.steps.iter();
        let is_cause =
            |other: &StepReport| !other.outcome.passed && other.outcome.number.starts_with(&during);
        !step.outcome.passed && !others.any(is_cause)
    }

    fn failure(&self, step: &StepReport) -> String {
        let outcome = &step.outcome;
        let place = step
            .line
            .map_or_else(String::new, |line| format!(" at {}:{line}", self.file));
        let name = outcome
            .name
            .as_ref()
            .map_or_else(String::new, |name| format!(" ({name})"));
        let mut text = format!("\nstep {}{name} failed{place}\n", outcome.number);
        for line in outcome.say.iter().flat_map(|say| say.trim().lines()) {
            _ = writeln!(text, "  {line}");
        }
        _ = writeln!(text, "  {}", outcome.what);
        if let Some(expected) = &outcome.expected {
            _ = writeln!(text, "  expected: {}", indented(expected));
            _ = writeln!(text, "  found:    {}", indented(&outcome.seen));
        } else {
            _ = writeln!(text, "  {}", outcome.seen.replace('\n', "\n  "));
        }
        if let Some(hint) = &outcome.hint {
            _ = writeln!(text, "  hint: {hint}");
        }
        text
    }
}

impl RunFailure {
    /// The form for people.
    fn text(&self, file: &str) -> String {
        let mut text = format!(
            "error: {}\n",
            self.failure.message.replace('\n', "\n       ")
        );
        for cause in &self.failure.because {
            _ = writeln!(text, "  because {}", cause.replace('\n', "\n         "));
        }
        if let Some(line) = self.line {
            _ = writeln!(text, "  set at {file}:{line}");
        }
        if let Some(evidence) = &self.failure.evidence {
            _ = writeln!(text, "{}", evidence.trim_end());
        }
        if let Some(hint) = &self.failure.hint {
            _ = writeln!(text, "hint: {hint}");
        }
        text
    }
}

/// The steps that did not run.
fn not_run(about: &About<'_>, happened: &[StepReport]) -> Vec<NotRun> {
    let numbered = about.steps.iter().zip(1_usize..);
    numbered
        .map(|(step, number)| (step, number.to_string()))
        .filter(|(_, number)| !happened.iter().any(|step| step.outcome.number == *number))
        .map(|(step, number)| NotRun {
            line: (about.line)(&number),
            what: step.describe(),
            number,
        })
        .collect()
}

fn row(step: &StepReport) -> Vec<String> {
    let outcome = &step.outcome;
    vec![
        if outcome.passed { "pass" } else { "FAIL" }.to_owned(),
        outcome.number.clone(),
        crate::text::duration(Duration::from_secs_f64(outcome.took_ms / 1000.0)),
        outcome.what.clone(),
        first_line(&outcome.seen),
    ]
}

/// The longest result in the table, in characters. The JSON document has all of it.
const MOST: usize = 70;

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let more = text.lines().nth(1).is_some();
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None if more => format!("{line} …"),
        None => line.to_owned(),
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n            ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_s_number_gives_its_path() {
        assert_eq!(RunReport::path("3").as_deref(), Some("steps[2]"));
        assert_eq!(
            RunReport::path("3.1").as_deref(),
            Some("steps[2].hold.during[0]")
        );
        assert_eq!(RunReport::path("t1").as_deref(), Some("teardown[0]"));
        assert_eq!(
            RunReport::path("4#2.1").as_deref(),
            Some("steps[3].repeat.steps[0]")
        );
        assert_eq!(RunReport::path("0"), None);
    }
}
