//! Each lab fails at the right step once that is gone which it is about.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::binary;
use crate::lab::{self, Lab};
use crate::mutation::{self, Mutated, Mutation};

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for scenario in [mutation::all("labs"), mutation::all("tests/steps")].concat() {
        for (at, mutation) in scenario.mutations.clone().into_iter().enumerate() {
            let name = format!("mutations::{}_{}", scenario.name.replace('-', "_"), at + 1);
            let short = format!("m{}-{at}", scenario.name);
            let scenario = scenario.clone();
            trials.push(lab::trial(&name, &short, async move |lab: Lab| {
                fails(&lab, &scenario, &mutation).await;
            }));
        }
    }
    trials
}

async fn fails(lab: &Lab, scenario: &Mutated, mutation: &Mutation) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mutated.yaml").display().to_string();
    let (text, number) = scenario.apply(mutation);
    std::fs::write(&path, text).expect("written");
    // The proof is about the topology, and that may be what was changed.
    let arguments = [
        "run",
        &path,
        "--name",
        &lab.name,
        "--output=json",
        "--no-verify",
    ];
    let document = binary::lab(&arguments).await.document(1);
    let steps = document["steps"].as_array().expect("steps");
    let failed: Vec<&str> = steps
        .iter()
        .filter(|step| step["passed"] == Value::Bool(false))
        .filter_map(|step| step["number"].as_str())
        .filter(|failed| !failed.starts_with('t'))
        // A step in whose course another failed has failed too.
        .filter(|failed| !number.starts_with(&format!("{failed}.")))
        .collect();
    assert_eq!(failed, [number.as_str()], "{mutation:?}: {document:#}");
}
