//! The document that `lab run --output json` prints, and the same for people. Its keys are an interface.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::table;
use super::up::millis;
use crate::action::Step;
use crate::event::Outcome;
use crate::failure::Failure;
use crate::name::LabName;
use crate::run::NodeLog;
use crate::run::experiment::Ran;
use crate::verify::Verdict;

/// An experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// The lab's name.
    pub lab: String,
    /// The scenario, as it was named on the command line.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// Whether it came up as it should and every step brought what it should.
    pub passed: bool,
    /// Why the run was skipped, where it was: then nothing was done, and it neither passed nor failed.
    pub skipped: Option<String>,
    /// Whether the lab is still there.
    pub kept: bool,
    /// What kept it from being run to its end.
    pub error: Option<Trouble>,
    /// The proof of replication before the first step.
    pub verification: Option<Verdict>,
    /// Its steps, as far as they happened.
    pub steps: Vec<StepReport>,
    /// The steps that did not happen: those after one that failed, and those before `--from`.
    pub not_run: Vec<NotRun>,
    /// What the nodes wrote since the step before the one that failed.
    pub logs: Vec<NodeLog>,
    /// How replication stood when a step failed.
    pub state: Option<crate::lab::status::Status>,
    /// Milliseconds until the lab was up.
    pub up_ms: f64,
    /// Milliseconds in all.
    pub took_ms: f64,
}

/// A step, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Its line in the scenario file.
    pub line: Option<usize>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A step that did not happen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NotRun {
    /// Its number.
    pub number: String,
    /// Its line in the scenario file.
    pub line: Option<usize>,
    /// What it would have done, in one line.
    pub what: String,
}

/// Why a lab did not come up, was interrupted, or could not be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What was being done: `up`, `down` or `interrupted`.
    pub during: &'static str,
    /// Where in the scenario the setting stands that a server blames.
    pub line: Option<usize>,
    /// What failed, why, and what to do.
    #[serde(flatten)]
    pub failure: Failure,
}

/// What was to be run.
pub struct About<'a> {
    /// The lab's name.
    pub lab: &'a LabName,
    /// The scenario, as it was named on the command line.
    pub scenario: &'a str,
    /// Its file.
    pub file: &'a str,
    /// Its steps.
    pub steps: &'a [Step],
    /// Where the step of that number stands.
    pub line: &'a dyn Fn(&str) -> Option<usize>,
}

impl RunReport {
    /// The report of a lab that was not run to its end.
    #[must_use]
    pub fn broken(trouble: Trouble, about: &About<'_>, kept: bool, took: Duration) -> Self {
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

    /// The path in the scenario of the step of a number: `steps[2].hold.during[0]` for `3.1`, `teardown[0]` for `t1`.
    #[must_use]
    pub fn path(number: &str) -> Option<String> {
        let (list, number) = match number.strip_prefix('t') {
            Some(rest) => ("teardown", rest),
            None => ("steps", number),
        };
        let mut path = list.to_owned();
        let mut within = "";
        for part in number.split('.') {
            // `4#2` is the second round of the fourth step, which repeats others.
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

    /// The step that failed first. Of one that failed because a step during it did, that one.
    #[must_use]
    pub fn failed_step(&self) -> Option<&StepReport> {
        self.steps.iter().find(|step| !step.outcome.passed)
    }

    /// How it went, in words.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match (&self.skipped, self.passed) {
            (Some(_), _) => "was skipped",
            (None, true) => "passed",
            (None, false) => "failed",
        }
    }

    /// For people: a line a step, and of what failed everything that is known.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Some(trouble) = &self.error {
            text.push_str(&trouble.text(&self.file));
        }
        // Where there are no steps it is all that was looked at.
        let told = |verdict: &&Verdict| !verdict.passed || self.is_proof_alone();
        if let Some(verdict) = self.verification.as_ref().filter(told) {
            text.push_str(&table::verdict(verdict));
        }
        if !self.steps.is_empty() {
            let header = ["", "step", "took", "what", "what was seen"];
            text.push_str(&table::rows(&header, self.steps.iter().map(row)));
        }
        for step in self.steps.iter().filter(|step| self.is_told(step)) {
            text.push_str(&self.failure(step));
        }
        if let Some(state) = &self.state {
            _ = write!(text, "\nreplication then:\n{}", table::status(state));
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

    /// Whether there were no steps to be done.
    fn is_proof_alone(&self) -> bool {
        self.steps.is_empty() && self.not_run.is_empty()
    }

    /// Whether a step failed by itself: of one that failed because a step during it did, that one tells more.
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

impl Trouble {
    /// For people: all of it.
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

/// The steps that are not among those that happened.
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

/// At most so many characters of what was seen are in the table; all of it is in the JSON document.
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
    fn a_step_s_number_says_where_it_is_written() {
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
