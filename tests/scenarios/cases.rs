//! The scenarios of `tests/cases` that are run: each ends with the exit code and the words of its head, and leaves
//! nothing.

use libtest_mimic::Trial;

use crate::binary;
use crate::case::{self, Case, Verb};
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    let cases = case::all(Verb::Run).into_iter().enumerate();
    let trials = cases.map(|(number, case)| {
        let name = format!("cases::{}", case.name.replace('-', "_"));
        trial(&name, &format!("c{number}"), move |lab| ends(lab, case))
    });
    trials.collect()
}

async fn ends(lab: Lab, case: Case) {
    let ran = binary::lab(&["run", &case.file, "--name", &lab.name]).await;
    case.judge(ran.code, &format!("{}{}", ran.stdout, ran.stderr));
    assert_eq!(lab.left().await, <[String; 0]>::default());
}
