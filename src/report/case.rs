//! A run as a list of test cases, the form that `JUnit` and TAP share.

use std::fmt::Write as _;

use super::fit::Width;
use super::run::{RunReport, StepReport};
use crate::text::foreign;
use crate::verify::NotProven;

/// One test case: bringing the lab up, a check of the proof, or a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    /// `step 3: primary: INSERT …`.
    pub(super) name: String,
    /// Its line in the scenario file.
    pub(super) line: Option<usize>,
    /// How long it took, in milliseconds.
    pub(super) took_ms: f64,
    /// The outcome.
    pub(super) end: End,
}

/// The outcome of a case.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// It passed.
    Passed {
        /// What was seen.
        seen: String,
    },
    /// It failed.
    Failed {
        /// What was expected, if known.
        expected: Option<String>,
        /// What was found instead.
        found: String,
    },
    /// An error ended it early.
    Broken {
        /// What failed.
        message: String,
        /// Why, with the evidence.
        detail: String,
    },
    /// It did not run.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// The cases of a run: bringing the lab up, each check of the proof, the steps that ran, the steps that did not.
pub(super) fn cases(run: &RunReport) -> Vec<Case> {
    let mut cases = Vec::new();
    if let Some(trouble) = &run.error {
        let mut detail = trouble.failure.because.join("\n");
        for part in [&trouble.failure.evidence, &trouble.failure.hint]
            .into_iter()
            .flatten()
        {
            _ = write!(detail, "\n{part}");
        }
        cases.push(Case {
            name: trouble.during.to_owned(),
            line: trouble.line,
            took_ms: run.took_ms,
            end: End::Broken {
                message: trouble.failure.message.clone(),
                detail: detail.trim().to_owned(),
            },
        });
    } else if run.up_ms > 0.0 {
        cases.push(Case {
            name: "up".to_owned(),
            line: None,
            took_ms: run.up_ms,
            end: End::Passed {
                seen: "the lab is up".to_owned(),
            },
        });
    }
    let checks = run.verification.iter().flat_map(|verdict| &verdict.checks);
    cases.extend(checks.map(|check| Case {
        name: format!("proof: {}", check.name),
        line: None,
        took_ms: check.took_ms,
        end: if check.passed {
            End::Passed {
                seen: check.detail.clone(),
            }
        } else {
            End::Failed {
                expected: None,
                found: check.detail.clone(),
            }
        },
    }));
    let unproven = run.verification.iter();
    let unproven = unproven.flat_map(|verdict| &verdict.not_proven);
    cases.extend(unproven.map(|NotProven { name, because }| Case {
        name: format!("proof: {name}"),
        line: None,
        took_ms: 0.0,
        end: End::Skipped {
            reason: format!("not proven: {because}"),
        },
    }));
    cases.extend(run.steps.iter().map(step));
    let failed = run.failed_step().map(|step| &step.outcome.number);
    let reason = failed.map_or_else(
        || {
            run.skipped
                .as_ref()
                .map_or("not run".to_owned(), |why| format!("this kernel {why}"))
        },
        |number| format!("not run: step {number} failed"),
    );
    cases.extend(run.not_run.iter().map(|step| Case {
        name: format!("step {}: {}", step.number, step.what),
        line: step.line,
        took_ms: 0.0,
        end: End::Skipped {
            reason: reason.clone(),
        },
    }));
    cases.into_iter().map(visible).collect()
}

/// A case in whose texts nothing is hidden: its readers are terminals and browsers too.
fn visible(case: Case) -> Case {
    let visible = |text: String| foreign::visible(&text).into_owned();
    Case {
        name: visible(case.name),
        end: match case.end {
            End::Passed { seen } => End::Passed {
                seen: visible(seen),
            },
            End::Failed { expected, found } => End::Failed {
                expected: expected.map(visible),
                found: visible(found),
            },
            End::Broken { message, detail } => End::Broken {
                message: visible(message),
                detail: visible(detail),
            },
            End::Skipped { reason } => End::Skipped {
                reason: visible(reason),
            },
        },
        ..case
    }
}

fn step(step: &StepReport) -> Case {
    let outcome = &step.outcome;
    let name = outcome
        .name
        .as_ref()
        .map_or_else(String::new, |name| format!(" ({name})"));
    let seen = outcome.seen.clone();
    Case {
        name: format!("step {}{name}: {}", outcome.number, outcome.what),
        line: step.line,
        took_ms: outcome.took_ms,
        end: if outcome.passed {
            End::Passed { seen }
        } else {
            let expected = outcome.expected.clone();
            End::Failed {
                expected,
                found: match &outcome.hint {
                    Some(hint) => format!("{seen}\nhint: {hint}"),
                    None => seen,
                },
            }
        },
    }
}

/// What nodes wrote and how replication stood, where a run has kept that.
pub(super) fn evidence(run: &RunReport) -> String {
    let mut text = String::new();
    if let Some(state) = &run.state {
        text.push_str(&super::table::status(state, Width::ANY));
    }
    for log in &run.logs {
        _ = write!(text, "{}:\n{}\n", log.node, log.lines.join("\n"));
    }
    foreign::visible(&text).into_owned()
}

#[cfg(test)]
pub(super) mod example {
    use crate::event::Outcome;
    use crate::failure::Failure;
    use crate::report::run::{NotRun, RunFailure, RunReport, StepReport};
    use crate::run::NodeLog;
    use crate::verify::{Check, NotProven, Verdict};

    /// The runs with words in them that a terminal acts on and XML refuses.
    pub(in crate::report) fn hostile() -> [RunReport; 2] {
        const WORDS: &str = "\u{1b}]0;mine\u{7}\u{9b}31m\u{202e}\0\u{ffff}<![CDATA[]]>&\r";
        let mut runs = runs();
        for run in &mut runs {
            run.file += WORDS;
            for step in &mut run.steps {
                step.outcome.what += WORDS;
                step.outcome.seen += WORDS;
                step.outcome.expected = Some(WORDS.to_owned());
            }
            for step in &mut run.not_run {
                step.what += WORDS;
            }
            for log in &mut run.logs {
                log.lines.push(WORDS.to_owned());
            }
            if let Some(trouble) = &mut run.error {
                trouble.failure.message += WORDS;
                trouble.failure.because.push(WORDS.to_owned());
            }
        }
        runs
    }

    /// A lab whose second step failed, and one that did not come up.
    pub(in crate::report) fn runs() -> [RunReport; 2] {
        let step = |number: &str, passed: bool, seen: &str| StepReport {
            line: Some(12),
            outcome: Outcome {
                number: number.to_owned(),
                name: (number == "2").then(|| "look".to_owned()),
                say: None,
                what: "replica: SELECT 'a' < 'b' # why".to_owned(),
                passed,
                took_ms: 12.5,
                seen: seen.to_owned(),
                hint: None,
                expected: (!passed).then(|| "SoftCorp".to_owned()),
            },
        };
        let check = Check {
            name: "primary -> replica: streams".to_owned(),
            passed: true,
            took_ms: 6.0,
            detail: "streaming, sync".to_owned(),
            hint: None,
        };
        let log = NodeLog {
            node: "primary".to_owned(),
            lines: vec!["LOG:  one".to_owned(), "  LOG:  two".to_owned()],
        };
        let failed = RunReport {
            lab: "first".to_owned(),
            scenario: "./first.yaml".to_owned(),
            file: "./first.yaml".to_owned(),
            skipped: None,
            passed: false,
            kept: false,
            error: None,
            verification: Some(Verdict {
                passed: true,
                checks: vec![check],
                not_proven: vec![NotProven {
                    name: "primary: public.cache".to_owned(),
                    because: "it is unlogged".to_owned(),
                }],
            }),
            steps: vec![step("1", true, "1 row"), step("2", false, "a\nb")],
            not_run: vec![NotRun {
                number: "3".to_owned(),
                line: Some(20),
                what: "thaw replica".to_owned(),
            }],
            logs: vec![log],
            state: None,
            up_ms: 1500.0,
            took_ms: 2000.0,
        };
        let trouble = RunFailure {
            during: "up",
            line: None,
            failure: Failure::seen("it ended with exit code 1")
                .while_doing("starting `primary`")
                .with_hint("`lab doctor` looks for more"),
        };
        let broken = RunReport {
            lab: "second".to_owned(),
            error: Some(trouble),
            verification: None,
            steps: Vec::new(),
            logs: Vec::new(),
            up_ms: 0.0,
            ..failed.clone()
        };
        [failed, broken]
    }
}
