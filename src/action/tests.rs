use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::scenario::load::{Overrides, Source, load};

/// The lab that the examples are about.
const LAB: &str = "\
name: examples
tls: false
archive: true
nodes:
  primary:
    disk: 512MB
    publications: { shop: { tables: [employer] } }
  replica: { standby_of: primary }
  leaf: { standby_of: replica }
  subscriber:
    subscriptions: { sub: { upstream: primary, publications: [shop] } }
data: [jobs]
steps:
";

/// Every key with its example, in the order in which they are one scenario.
fn examples() -> Vec<(&'static str, &'static str)> {
    let listed = Action::ALL.iter().chain(Check::ALL);
    let listed = listed.map(|entry| (entry.key, entry.example));
    COMMON.iter().copied().chain(listed).collect()
}

fn steps(text: &str) -> Vec<Step> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("more.sql"), "SELECT 1").expect("a file");
    let source = Source::new("a.yaml", text.as_bytes(), Some(folder.path().into()));
    match load(&source.expect("text"), &Overrides::default()) {
        Ok(loaded) => loaded.scenario.steps,
        Err(wrong) => panic!("{wrong}"),
    }
}

fn example_steps() -> Vec<Step> {
    let text = examples().into_iter().map(|(_, example)| example);
    steps(&format!("{LAB}{}", text.collect::<String>()))
}

#[test]
fn every_key_has_an_example_with_it() {
    for (key, example) in examples() {
        let has = example.lines().any(|line| {
            let line = line.trim_start_matches(['-', ' ']);
            line.starts_with(&format!("{key}:"))
        });
        assert!(has, "the example of `{key}` is none: {example}");
    }
}

#[test]
fn the_examples_are_a_scenario_and_every_step_says_what_it_does() {
    for step in &example_steps() {
        let what = step.describe();
        assert!(!what.is_empty() && !what.ends_with(": "), "{step:?}");
    }
}

#[test]
fn a_label_brings_every_example_back() {
    let steps = example_steps();
    let json = serde_json::to_string(&steps).expect("JSON");
    let back: Vec<Step> = serde_json::from_str(&json).expect("steps");
    assert_eq!(back, steps);
}

/// Where a text stands: `/log/has`.
fn texts(json: &serde_json::Value, at: &str, found: &mut Vec<String>) {
    match json {
        serde_json::Value::String(_) => found.push(at.to_owned()),
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, &format!("{at}/{index}"), found);
            }
        }
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                texts(value, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_text_that_may_be_any_may_name_a_value() {
    for step in example_steps() {
        let json = serde_json::to_value(&step.action).expect("JSON");
        let mut places = Vec::new();
        texts(&json, "", &mut places);
        // The steps within it are filled in when they happen.
        places.retain(|at| !at.starts_with("/hold/during") && !at.starts_with("/repeat/rounds"));
        for at in places {
            let mut json = json.clone();
            *json.pointer_mut(&at).expect("a place") = "${v}".into();
            // Names and words are of a form that no variable has, and a path was followed when the file was read.
            let Ok(action) = serde_json::from_value::<Action>(json) else {
                continue;
            };
            let is_path = at == "/sql_file/path";
            let used = Step::of(action).used();
            assert!(
                is_path || used.contains("v"),
                "the text at `{at}` is not seen"
            );
        }
    }
}

/// The names of the files in a folder of `src`, without their endings, and their texts.
fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(folder);
    let files = std::fs::read_dir(folder).expect("a folder");
    let files = files.map(|file| file.expect("a file").path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| {
            let name = path.file_stem().expect("a name").display().to_string();
            (name, std::fs::read_to_string(&path).expect("a text"))
        })
        .collect()
}

#[test]
fn what_is_declared_and_what_is_carried_out_is_in_the_list() {
    for (folder, marks, keys) in [
        ("action", "impl Declare for ", Action::KEYS),
        ("run", "impl Act for ", Action::KEYS),
        ("action/check", "impl Declare for ", Check::KEYS),
        ("run/check", "impl Look for ", Check::KEYS),
    ] {
        let files = files(folder).into_iter();
        let found = files.filter(|(_, text)| text.lines().any(|line| line.starts_with(marks)));
        // The parents of checks hand on what is asked of all of them.
        let found = found.filter(|(name, _)| name != "check");
        let found: BTreeSet<String> = found.map(|(name, _)| name).collect();
        let listed: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(found, listed, "src/{folder} and the list in src/action.rs");
    }
}

#[test]
fn a_file_is_named_as_its_type_is_written() {
    for step in action_steps() {
        let json = serde_json::to_value(&step.action).expect("JSON");
        let key = json.as_object().and_then(|json| json.keys().next());
        assert_eq!(key.map(String::as_str), Some(step.action.key()));
    }
}

/// The examples that are no checks, whose label has the key `check` around their own.
fn action_steps() -> Vec<Step> {
    let steps = example_steps().into_iter();
    let steps = steps.filter(|step| !matches!(step.action, Action::Check(_)));
    steps.collect()
}

#[test]
fn an_action_with_the_name_of_a_check_has_a_key_that_tells() {
    for entry in Action::ALL {
        let is_shared = Check::KEYS.contains(&entry.key);
        assert_eq!(entry.mark.is_some(), is_shared, "{}", entry.key);
    }
}

#[test]
fn one_and_several_are_told_apart() {
    let text = "\
name: a
nodes: { p: { disk: 512MB }, r: { standby_of: p }, s: { standby_of: p } }
steps:
- streaming: r
- streaming: { node: [r, s], from: p }
- delay: { from: p, to: r, time: 1s }
- delay: { from: [p, s], to: r, time: 1s }
- rows: { t: 1 }
- hold: { check: { streaming: r }, during: [{ sql: SELECT 1 }] }
- repeat: { over: [1], as: n, steps: [{ sql: SELECT 1 }, { sql: SELECT 2 }] }
";
    let said: Vec<String> = steps(text).iter().map(Step::describe).collect();
    assert_eq!(
        said,
        [
            "r streams",
            "r, s stream from p",
            "delay packets from p to r by 1.0 s",
            "delay packets from p, s to r by 1.0 s",
            "t has 1 row",
            "always during 1 step: r streams",
            "run 2 steps for each of 1",
        ]
    );
}
