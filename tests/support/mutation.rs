//! Changes that make a lab fail, written beside it: see `labs/mutations/README.md`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::Value;

/// A change, and the step that must fail then.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// A step, by its number or name, or the path of a key.
    #[serde(default)]
    take_out: Option<Value>,
    /// Values by their paths.
    #[serde(default)]
    set: serde_yaml::Mapping,
    /// A step, by its number or name.
    fails_at: Value,
}

/// A scenario's file, and the changes that are written beside it.
#[derive(Debug, Clone)]
pub struct Mutated {
    pub name: String,
    pub text: String,
    pub mutations: Vec<Mutation>,
}

/// The scenarios of a folder that have steps, each with its changes: none where it has no file of them.
pub fn all(folder: &str) -> Vec<Mutated> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    for name in names(&folder) {
        let read = |path: PathBuf| std::fs::read_to_string(path).ok();
        let text = read(folder.join(format!("{name}.yaml"))).expect("a scenario");
        let scenario: Value = serde_yaml::from_str(&text).expect("YAML");
        if scenario.get("steps").is_some() {
            let written = read(folder.join(format!("mutations/{name}.yaml")));
            let mutations = written.map(|text| serde_yaml::from_str(&text).expect("mutations"));
            let mutations = mutations.unwrap_or_default();
            found.push(Mutated {
                name,
                text,
                mutations,
            });
        }
    }
    found
}

/// The names of the YAML files in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let mut names: Vec<String> = yaml
        .map(|path| path.file_stem().expect("a name").display().to_string())
        .collect();
    names.sort();
    names
}

impl Mutated {
    /// The scenario with one change made, and the number that the step has then that must fail.
    pub fn apply(&self, mutation: &Mutation) -> (String, String) {
        let mut scenario: Value = serde_yaml::from_str(&self.text).expect("YAML");
        let fails_at = number(&scenario, &mutation.fails_at);
        let mut fails_at = fails_at.unwrap_or_else(|| panic!("there is no step {mutation:?}"));
        match &mutation.take_out {
            Some(Value::String(path)) if path.contains('.') => {
                let (parent, key) = path.rsplit_once('.').expect("a path");
                let gone = place(&mut scenario, parent).remove(key);
                assert!(gone.is_some(), "{} has no `{path}`", self.name);
            }
            Some(step) => {
                let taken = number(&scenario, step).expect("a step to take out");
                let taken: usize = taken.parse().expect("a step that is not within another");
                let steps = scenario["steps"].as_sequence_mut().expect("steps");
                assert!(taken <= steps.len(), "{} has no step {taken}", self.name);
                steps.remove(taken - 1);
                fails_at = counted_without(&fails_at, taken);
            }
            None => {}
        }
        for (path, value) in &mutation.set {
            let path = path.as_str().expect("a path");
            let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
            place(&mut scenario, parent).insert(key.into(), value.clone());
        }
        let text = serde_yaml::to_string(&scenario).expect("YAML");
        (text, fails_at)
    }
}

/// The mapping at a path.
fn place<'v>(mut at: &'v mut Value, path: &str) -> &'v mut serde_yaml::Mapping {
    for key in path.split('.').filter(|key| !key.is_empty()) {
        at = at
            .get_mut(key)
            .unwrap_or_else(|| panic!("there is no `{key}` of `{path}`"));
    }
    at.as_mapping_mut().expect("a mapping")
}

/// The number of the step that is meant.
fn number(scenario: &Value, meant: &Value) -> Option<String> {
    let name = match meant {
        Value::Number(number) => return Some(number.to_string()),
        Value::String(text) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            return Some(text.clone());
        }
        Value::String(name) => name,
        _ => return None,
    };
    let steps = scenario["steps"].as_sequence()?;
    let is_it = |step: &Value| step["name"].as_str() == Some(name);
    let at = steps.iter().position(is_it)?;
    Some((at + 1).to_string())
}

fn counted_without(number: &str, taken: usize) -> String {
    let (first, rest) = match number.split_once('.') {
        Some((first, rest)) => (first, format!(".{rest}")),
        None => (number, String::new()),
    };
    let first: usize = first.parse().expect("a number");
    assert_ne!(first, taken, "a step that was taken out cannot fail");
    format!("{}{rest}", first - usize::from(first > taken))
}
