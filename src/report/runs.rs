//! The summary of several runs: the details of failures, one line a lab, and a total.

use std::fmt::Write as _;
use std::time::Duration;

use super::fit::Width;
use super::run::RunReport;

/// The form for people: the details of each failed lab, then one line a lab and the total.
#[must_use]
pub fn text(runs: &[RunReport], took: Duration) -> String {
    let mut text = String::new();
    for run in runs
        .iter()
        .filter(|run| !run.passed && run.skipped.is_none())
    {
        _ = writeln!(text, "──── {} ────\n{}", run.lab, run.text(Width::ANY));
    }
    let width = runs.iter().map(|run| run.lab.len()).max().unwrap_or(0);
    for run in runs {
        let took = crate::text::duration(Duration::from_secs_f64(run.took_ms / 1000.0));
        let (how, detail) = verdict(run);
        let kept = if run.kept { "; kept" } else { "" };
        _ = writeln!(
            text,
            "{how:>5} [{took:>9}] {:<width$}  {detail}{kept}",
            run.lab
        );
    }
    _ = writeln!(
        text,
        "total [{:>9}] {}",
        crate::text::duration(took),
        count(runs)
    );
    text
}

/// The outcome of a lab: a word, and a few more.
fn verdict(run: &RunReport) -> (&'static str, String) {
    let planned = run.not_run.len() + happened(run);
    if let Some(trouble) = &run.error {
        let why = trouble
            .failure
            .because
            .last()
            .unwrap_or(&trouble.failure.message);
        let why = why.lines().next().unwrap_or_default();
        return ("ERROR", format!("{}: {why}", trouble.during));
    }
    if let Some(why) = &run.skipped {
        return ("SKIP", format!("this kernel {why}"));
    }
    if run.passed && planned == 0 {
        return ("PASS", "no steps; it replicates".to_owned());
    }
    if run.passed {
        return ("PASS", format!("{} of {planned} steps", happened(run)));
    }
    let Some(step) = run.failed_step() else {
        return ("FAIL", "it does not replicate".to_owned());
    };
    let place = step
        .line
        .map_or_else(String::new, |line| format!(" at {}:{line}", run.file));
    let number = &step.outcome.number;
    ("FAIL", format!("step {number} of {planned}{place}"))
}

/// How many of the scenario's steps ran, without steps inside others and without the teardown.
fn happened(run: &RunReport) -> usize {
    let number = |number: &str| number.bytes().all(|byte| byte.is_ascii_digit());
    run.steps
        .iter()
        .filter(|step| number(&step.outcome.number))
        .count()
}

fn count(runs: &[RunReport]) -> String {
    let of = |is: fn(&RunReport) -> bool| runs.iter().filter(|run| is(run)).count();
    let mut parts = vec![format!("{} passed", of(|run| run.passed))];
    for (count, word) in [
        (
            of(|run| !run.passed && run.error.is_none() && run.skipped.is_none()),
            "failed",
        ),
        (of(|run| run.skipped.is_some()), "skipped"),
        (of(|run| run.error.is_some()), "ended early"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    format!("{} labs: {}", runs.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::case::example;

    #[test]
    fn each_lab_has_a_line_and_a_total_ends_them() {
        let text = text(&example::runs(), Duration::from_secs(3));
        let lines: Vec<&str> = text.lines().collect();
        let end = lines.len() - 3;
        insta::assert_snapshot!(lines[end..].join("\n"), @r#"
         FAIL [    2.0 s] first   step 2 of 3 at ./first.yaml:12
        ERROR [    2.0 s] second  up: it ended with exit code 1
        total [    3.0 s] 2 labs: 0 passed, 1 failed, 1 ended early
        "#);
    }
}
