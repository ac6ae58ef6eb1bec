//! Runs in the Test Anything Protocol, version 14: one subtest a lab, one point a step.

use std::fmt::Write as _;

use serde_json::Value;

use super::case::{Case, End, cases, evidence};
use super::run::RunReport;
use crate::text::foreign::visible;

/// The TAP document.
#[must_use]
pub fn tap(runs: &[RunReport]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", runs.len());
    for (run, number) in runs.iter().zip(1..) {
        let cases = cases(run);
        let lab = escaped(&run.lab);
        _ = writeln!(text, "# Subtest: {lab}\n    1..{}", cases.len());
        let mut evidence = Some(evidence(run)).filter(|text| !text.is_empty());
        for (case, number) in cases.iter().zip(1_usize..) {
            let logs = match case.end {
                End::Failed { .. } => evidence.take(),
                _ => None,
            };
            text.push_str(&point(run, case, number, logs));
        }
        _ = writeln!(text, "{} {number} - {lab}", how(run.passed));
    }
    text
}

fn how(passed: bool) -> &'static str {
    if passed { "ok" } else { "not ok" }
}

fn point(run: &RunReport, case: &Case, number: usize, logs: Option<String>) -> String {
    let passed = matches!(case.end, End::Passed { .. } | End::Skipped { .. });
    let mut text = format!("    {} {number} - {}", how(passed), escaped(&case.name));
    if let End::Skipped { reason } = &case.end {
        _ = writeln!(text, " # SKIP {}", escaped(reason));
        return text;
    }
    text.push_str("\n      ---\n");
    let mut key = |key: &str, value: &str| _ = writeln!(text, "      {key}: {value}");
    key("duration_ms", &case.took_ms.to_string());
    if let Some(line) = case.line {
        key(
            "at",
            &format!("{{file: {}, line: {line}}}", quoted(&visible(&run.file))),
        );
    }
    match &case.end {
        End::Passed { seen } => key("seen", &block(seen)),
        End::Failed { expected, found } => {
            key("severity", "fail");
            if let Some(expected) = expected {
                key("expected", &block(expected));
            }
            key("found", &block(found));
        }
        End::Broken { message, detail } => {
            key("severity", "error");
            key("message", &block(message));
            key("because", &block(detail));
        }
        End::Skipped { .. } => {}
    }
    if let Some(logs) = logs {
        key("evidence", &block(&logs));
    }
    text.push_str("      ...\n");
    text
}

/// Escapes a description: `#` would start a directive, and a line break would end it.
fn escaped(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('\\', "\\\\").replace('#', "\\#")
}

/// A text as a JSON string, which is also YAML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A text of several lines as a YAML literal block, which people can read. Other texts are quoted: a single line, or characters that
/// a block cannot contain.
fn block(text: &str) -> String {
    let text = text.trim_end();
    let is_plain = !text.contains(|c: char| c.is_control() && c != '\n');
    if !text.contains('\n') || !is_plain {
        return quoted(text);
    }
    // The number gives the indentation, so that the first line may begin with spaces.
    let mut block = "|2-".to_owned();
    for line in text.lines() {
        _ = write!(block, "\n        {line}");
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::case::example;
    use crate::text::foreign::is_hidden;

    #[test]
    fn words_of_servers_are_shown() {
        let written = tap(&example::hostile());
        assert!(!written.contains(is_hidden), "{written}");
        assert!(written.contains("x1b]0;mine"), "{written}");
    }

    #[test]
    fn each_lab_is_a_subtest_and_each_step_a_point() {
        insta::assert_snapshot!(tap(&example::runs()), @r#"
        TAP version 14
        1..2
        # Subtest: first
            1..6
            ok 1 - up
              ---
              duration_ms: 1500
              seen: "the lab is up"
              ...
            ok 2 - proof: primary -> replica: streams
              ---
              duration_ms: 6
              seen: "streaming, sync"
              ...
            ok 3 - proof: primary: public.cache # SKIP not proven: it is unlogged
            ok 4 - step 1: replica: SELECT 'a' < 'b' \# why
              ---
              duration_ms: 12.5
              at: {file: "./first.yaml", line: 12}
              seen: "1 row"
              ...
            not ok 5 - step 2 (look): replica: SELECT 'a' < 'b' \# why
              ---
              duration_ms: 12.5
              at: {file: "./first.yaml", line: 12}
              severity: fail
              expected: "SoftCorp"
              found: |2-
                a
                b
              evidence: |2-
                primary:
                LOG:  one
                  LOG:  two
              ...
            ok 6 - step 3: thaw replica # SKIP not run: step 2 failed
        not ok 1 - first
        # Subtest: second
            1..2
            not ok 1 - up
              ---
              duration_ms: 2000
              severity: error
              message: "starting `primary`"
              because: |2-
                it ended with exit code 1
                `lab doctor` looks for more
              ...
            ok 2 - step 3: thaw replica # SKIP not run
        not ok 2 - second
        "#);
    }

    #[test]
    fn a_text_that_no_block_can_hold_is_quoted() {
        assert_eq!(block("one"), "\"one\"");
        assert_eq!(block("a\tb\nc"), "\"a\\tb\\nc\"");
        assert_eq!(block("  a\nb"), "|2-\n          a\n        b");
    }
}
