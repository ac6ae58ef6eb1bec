//! Every lab with steps passes, on the oldest and the newest PostgreSQL that it is made for, and leaves nothing.

use libtest_mimic::Trial;
use replication_lab::scenario::catalog;
use replication_lab::scenario::load::{Overrides, load};
use serde_json::Value;

use crate::binary;
use crate::lab::{Lab, trial};
use crate::{catalogue, logical};

/// The versions that are tested.
const VERSIONS: [u32; 2] = [15, 17];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for embedded in catalog::embedded() {
        let name = embedded.name;
        let mut runs = 0;
        for version in VERSIONS {
            let overrides = Overrides {
                postgres: Some(version.to_string().parse().expect("a version")),
                ..Overrides::default()
            };
            // What a version lacks is said when the lab is loaded; the catalogue's own tests look at that.
            let Ok(loaded) = load(&embedded.source(), &overrides) else {
                continue;
            };
            if loaded.scenario.steps.is_empty() {
                continue;
            }
            runs += 1;
            trials.push(trial(
                &format!("the_steps_of_{}_pass_on_{version}", name.replace('-', "_")),
                &format!("r{version}-{}", short(name)),
                move |lab| async move { passes(&lab, name, version).await },
            ));
        }
        let looked_at = catalogue::is_here(name) || logical::is_here(name);
        assert!(runs > 0 || looked_at, "nothing tests the lab `{name}`");
    }
    trials
}

/// A lab's name has at most forty characters, and the test's own part takes some.
fn short(name: &str) -> &str {
    let end = name.len().min(22);
    name[..end].trim_end_matches('-')
}

async fn passes(lab: &Lab, scenario: &str, version: u32) {
    let version = version.to_string();
    let mut arguments = vec!["run", scenario, "--name", &lab.name, "--output", "json"];
    arguments.extend(["--postgres", version.as_str()]);
    let report = binary::lab(&arguments).await.document(0);
    assert_eq!(report["passed"], Value::Bool(true), "{report:#}");
    assert_eq!(lab.left().await, <[String; 0]>::default());
}
