//! Scenarios that are no labs of the catalogue, most of them after PostgreSQL's own tests of replication
//! (`src/test/recovery/t` and `src/test/subscription/t`): that they can be written, and pass.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;

use crate::binary;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsals");
    let files = std::fs::read_dir(folder).expect("the rehearsals");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "yaml"));
    files.sort();
    assert!(files.len() >= 28, "{files:?}");
    let numbered = files.into_iter().enumerate();
    let trials = numbered.map(|(number, file)| {
        let name = file.file_stem().expect("a name").display().to_string();
        let name = format!("rehearsals::{}", name.replace('-', "_"));
        trial(&name, &format!("x{number}"), move |lab| async move {
            passes(&lab, &file).await;
        })
    });
    trials.collect()
}

async fn passes(lab: &Lab, file: &Path) {
    let file = file.display().to_string();
    let report = binary::lab(&["run", &file, "--name", &lab.name, "--output", "json"]).await;
    let report = report.document(0);
    assert_eq!(report["passed"], Value::Bool(true), "{report:#}");
    assert_eq!(lab.left().await, <[String; 0]>::default());
}
