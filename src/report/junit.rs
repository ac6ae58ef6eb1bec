//! Runs as a `JUnit` XML document: one suite a lab, one case a step. Continuous integration systems can show it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::case::{Case, End, cases, evidence};
use super::run::RunReport;
use crate::text::foreign::visible;

/// The `JUnit` document.
///
/// # Errors
/// When serialising fails, which does not happen in memory.
pub fn junit(runs: &[RunReport], took: Duration) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("lab");
    report.set_time(took);
    report.add_test_suites(runs.iter().map(suite));
    report.to_string()
}

fn suite(run: &RunReport) -> TestSuite {
    let mut suite = TestSuite::new(run.lab.as_str());
    suite.set_time(millis(run.took_ms));
    suite.add_property(("scenario", &*visible(&run.file)));
    suite.add_property(("kept", if run.kept { "true" } else { "false" }));
    let output = evidence(run);
    let mut evidence = Some(output).filter(|text| !text.is_empty());
    for case in cases(run) {
        let mut written = written(run, &case);
        // The logs appear once, with the case that failed first.
        if matches!(case.end, End::Failed { .. })
            && let Some(text) = evidence.take()
        {
            written.set_system_out(text);
        }
        suite.add_test_case(written);
    }
    suite
}

fn written(run: &RunReport, case: &Case) -> TestCase {
    let status = match &case.end {
        End::Passed { .. } => TestCaseStatus::success(),
        End::Failed { expected, found } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let message = match expected {
                Some(expected) => format!("expected: {expected}\nfound: {found}"),
                None => found.clone(),
            };
            let place = case.line.map_or_else(String::new, |line| {
                format!("\n{}:{line}", visible(&run.file))
            });
            status.set_message(first_line(&message.replace("\nfound", ", found")));
            status.set_type("failed");
            status.set_description(format!("{message}{place}"));
            status
        }
        End::Broken { message, detail } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(message.as_str());
            status.set_type("error");
            status.set_description(detail.as_str());
            status
        }
        End::Skipped { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.as_str());
            status
        }
    };
    let mut written = TestCase::new(case.name.as_str(), status);
    written.set_classname(run.lab.as_str());
    written.set_time(millis(case.took_ms));
    if let Some(line) = case.line {
        let file = visible(&run.file);
        written.extra.insert("file".into(), file.into());
        written.extra.insert("line".into(), line.to_string().into());
    }
    if let End::Passed { seen } = &case.end {
        written.set_system_out(seen.as_str());
    }
    written
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn millis(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::case::example;
    use crate::text::foreign::is_hidden;

    #[test]
    fn words_of_servers_are_shown_and_end_no_element() {
        let written = junit(&example::hostile(), Duration::from_secs(3)).expect("a document");
        assert!(!written.contains(is_hidden), "{written}");
        for shown in [
            "\\x1b]0;mine\\x07\\u{9b}31m\\u{202e}\\x00\\u{ffff}",
            "&amp;\\r",
        ] {
            assert!(written.contains(shown), "{shown}: {written}");
        }
        let read = Report::deserialize_from_str(&written).expect("XML");
        assert_eq!(read.tests, 8);
    }

    #[test]
    fn each_lab_is_a_suite_and_each_step_a_case() {
        let written = junit(&example::runs(), Duration::from_secs(3)).expect("a document");
        insta::assert_snapshot!(written, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="lab" tests="8" skipped="3" failures="1" errors="1" time="3.000">
            <testsuite name="first" tests="6" skipped="2" errors="0" failures="1" time="2.000">
                <properties>
                    <property name="scenario" value="./first.yaml"/>
                    <property name="kept" value="false"/>
                </properties>
                <testcase name="up" classname="first" time="1.500">
                    <system-out>the lab is up</system-out>
                </testcase>
                <testcase name="proof: primary -&gt; replica: streams" classname="first" time="0.006">
                    <system-out>streaming, sync</system-out>
                </testcase>
                <testcase name="proof: primary: public.cache" classname="first" time="0.000">
                    <skipped message="not proven: it is unlogged"/>
                </testcase>
                <testcase name="step 1: replica: SELECT &apos;a&apos; &lt; &apos;b&apos; # why" classname="first" time="0.013" file="./first.yaml" line="12">
                    <system-out>1 row</system-out>
                </testcase>
                <testcase name="step 2 (look): replica: SELECT &apos;a&apos; &lt; &apos;b&apos; # why" classname="first" time="0.013" file="./first.yaml" line="12">
                    <failure message="expected: SoftCorp, found: a" type="failed">expected: SoftCorp
        found: a
        b
        ./first.yaml:12</failure>
                    <system-out>primary:
        LOG:  one
          LOG:  two
        </system-out>
                </testcase>
                <testcase name="step 3: thaw replica" classname="first" time="0.000" file="./first.yaml" line="20">
                    <skipped message="not run: step 2 failed"/>
                </testcase>
            </testsuite>
            <testsuite name="second" tests="2" skipped="1" errors="1" failures="0" time="2.000">
                <properties>
                    <property name="scenario" value="./first.yaml"/>
                    <property name="kept" value="false"/>
                </properties>
                <testcase name="up" classname="second" time="2.000">
                    <error message="starting `primary`" type="error">it ended with exit code 1
        `lab doctor` looks for more</error>
                </testcase>
                <testcase name="step 3: thaw replica" classname="second" time="0.000" file="./first.yaml" line="20">
                    <skipped message="not run"/>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }
}
