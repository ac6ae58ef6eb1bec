//! The files of `labs/`: each loads, and its name is its file's.

#[path = "support/dice.rs"]
mod dice;
#[path = "scenario_files/fuzz.rs"]
mod fuzz;
#[path = "support/mutation.rs"]
mod mutation;

use std::collections::BTreeSet;
use std::path::Path;

use replication_lab::scenario::catalog;
use replication_lab::scenario::load::{Overrides, Source, load};

const LABS: [&str; 9] = [
    "cascade",
    "delayed",
    "fan-out",
    "partition-split-brain",
    "physical-async",
    "physical-priority",
    "physical-quorum",
    "physical-sync",
    "physical-tls",
];

#[test]
fn every_file_of_the_folder_is_in_the_catalogue() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("labs");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder `labs`")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .map(|path| {
            let stem = path.file_stem().expect("a name");
            stem.to_str().expect("text").to_owned()
        })
        .collect();
    let embedded: BTreeSet<String> = catalog::embedded()
        .iter()
        .map(|lab| lab.name.to_owned())
        .collect();
    assert_eq!(embedded, files);
    for lab in LABS {
        assert!(embedded.contains(lab), "`{lab}` is missing");
    }
}

#[test]
fn a_lab_is_called_as_its_file_so_that_no_two_have_one_name() {
    for lab in catalog::embedded() {
        let loaded = match load(&lab.source(), &Overrides::default()) {
            Ok(loaded) => loaded,
            Err(wrong) => panic!("{}", wrong.render(false)),
        };
        assert_eq!(loaded.scenario.name.as_str(), lab.name);
        assert!(!loaded.scenario.title.is_empty(), "`{}`", lab.name);
        assert!(loaded.scenario.about.len() > 200, "`{}`", lab.name);
    }
}

#[test]
fn a_lab_begins_with_its_schema() {
    for lab in catalog::embedded() {
        assert_eq!(
            lab.text.lines().next(),
            Some("# yaml-language-server: $schema=lab.schema.json"),
            "`{}`",
            lab.name
        );
        for line in lab.text.lines() {
            assert!(line.chars().count() <= 120, "`{}`: {line}", lab.name);
        }
    }
}

/// The labs that need a newer PostgreSQL than the oldest that is built.
const NEEDS: &[(&str, u32)] = &[
    ("create-subscriber", 17),
    ("logical-bidirectional", 16),
    ("logical-failover-slots", 17),
    ("logical-from-standby", 16),
];

#[test]
fn every_lab_loads_for_every_version_that_is_built() {
    for lab in catalog::embedded() {
        for version in ["15", "16", "17", "18"] {
            let overrides = Overrides {
                postgres: Some(version.parse().expect("a version")),
                ..Overrides::default()
            };
            match load(&lab.source(), &overrides) {
                Ok(loaded) => assert_eq!(loaded.scenario.postgres.to_string(), version),
                // What a version lacks is said, and is all that is wrong.
                Err(wrong) => {
                    let needs = NEEDS.iter().find(|(name, _)| *name == lab.name);
                    let needs = needs.map_or(0, |(_, since)| *since);
                    let older = version.parse::<u32>().expect("a number") < needs;
                    assert!(older, "`{}` on {version}: {wrong}", lab.name);
                }
            }
        }
    }
}

#[test]
fn every_lab_with_steps_fails_once_what_it_is_about_is_gone() {
    for scenario in mutation::all("labs") {
        let file = format!("labs/mutations/{}.yaml", scenario.name);
        assert!(
            !scenario.mutations.is_empty(),
            "`{}` has steps and no mutation: `labs/mutations/README.md` says what `{file}` holds",
            scenario.name
        );
    }
}

#[test]
fn every_mutation_makes_another_scenario_that_is_one() {
    for folder in ["labs", "tests/steps"] {
        let scenarios = mutation::all(folder);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for name in mutation::names(&root.join("mutations")) {
            let known = scenarios.iter().any(|scenario| scenario.name == name);
            assert!(
                known,
                "`{folder}/mutations/{name}.yaml` is about no lab with steps"
            );
        }
        for scenario in scenarios {
            for mutation in &scenario.mutations {
                let (text, number) = scenario.apply(mutation);
                let source = Source::new("mutated", text.as_bytes(), Some(root.clone()));
                let loaded = load(&source.expect("text"), &Overrides::default());
                let loaded = loaded.unwrap_or_else(|wrong| panic!("{mutation:?}:\n{wrong}"));
                let first: usize = number
                    .split('.')
                    .next()
                    .map_or(0, |it| it.parse().expect("it"));
                let steps = loaded.scenario.steps.len();
                assert!(
                    (1..=steps).contains(&first),
                    "{mutation:?}: there are {steps} steps"
                );
            }
        }
    }
}
