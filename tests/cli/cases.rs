//! The scenarios of `tests/cases` that are checked: each ends with the exit code and the words of its head.

use crate::case::{self, Verb};
use crate::{err, lab, out};

#[test]
fn a_case_is_checked_with_the_verdict_of_its_head() {
    let cases = case::all(Verb::Check);
    assert!(cases.len() >= 4, "{cases:?}");
    for case in cases {
        let checked = lab(&["check", &case.file]);
        let output = format!("{}{}", out(&checked), err(&checked));
        case.judge(checked.status.code(), &output);
    }
}

#[test]
fn a_case_that_is_run_passes_the_check() {
    for case in case::all(Verb::Run) {
        let checked = lab(&["check", &case.file]);
        assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
    }
}

#[test]
fn the_page_of_the_cases_names_each() {
    let page = std::fs::read_to_string("tests/cases/README.md").expect("the page");
    for case in case::all(Verb::Check)
        .into_iter()
        .chain(case::all(Verb::Run))
    {
        assert!(page.contains(&format!("`{}`", case.name)), "{}", case.name);
    }
}
