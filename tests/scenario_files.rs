//! The files of `labs/`: each loads, and its name is its file's.

use std::collections::BTreeSet;
use std::path::Path;

use replication_lab::scenario::catalog;
use replication_lab::scenario::load::{Overrides, load};

const LABS: [&str; 8] = [
    "cascade",
    "delayed",
    "fan-out",
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
const NEEDS: &[(&str, u32)] = &[("logical-bidirectional", 16), ("logical-from-standby", 16)];

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
