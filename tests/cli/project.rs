//! What the project's own files promise: commands of the `justfile`, workflows, templates.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).expect("a file")
}

/// The YAML files below `.github`.
fn github() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(".github")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "yml") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_workflow_and_template_is_yaml() {
    let files = github();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let parsed: Result<Value, _> = serde_yaml::from_str(&read(&file));
        assert!(parsed.is_ok_and(|it| it.is_mapping()), "{}", file.display());
    }
}

#[test]
fn every_action_of_a_workflow_has_a_whole_version() {
    for file in github() {
        let text = read(&file);
        let uses = text.lines().filter_map(|line| line.split("uses: ").nth(1));
        for action in uses {
            let version = action.split_once("@v").map(|(_, version)| version);
            let whole = version.is_some_and(|version| {
                let parts: Vec<&str> = version.split('.').collect();
                parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
            });
            assert!(whole, "{}: {action}", file.display());
        }
    }
}

#[test]
fn the_workflow_runs_what_must_hold_and_the_oldest_rust() {
    let workflow: Value = serde_yaml::from_str(&read(".github/workflows/ci.yml")).expect("YAML");
    let runs = |job: &str| {
        let steps = workflow["jobs"][job]["steps"].as_sequence().expect("steps");
        let runs = steps.iter().filter_map(|step| step["run"].as_str());
        runs.collect::<Vec<_>>().join("\n")
    };
    assert!(runs("test").contains(".ci/run"));
    assert!(runs("msrv").contains("rust-version"));
    assert!(runs("msrv").contains("cargo check"));
}

#[test]
fn every_command_of_just_that_a_page_names_is_in_the_justfile() {
    let justfile = read("justfile");
    let recipes: BTreeSet<&str> = justfile
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic) && line.contains(':'))
        .filter_map(|line| line.split([' ', ':']).next())
        .collect();
    assert!(recipes.contains("test"), "{recipes:?}");
    let mut seen = 0;
    let pages = [
        "CONTRIBUTING.md",
        ".github/pull_request_template.md",
        "justfile",
        "deny.toml",
    ];
    for page in pages {
        let text = read(page);
        let blocks = text.lines().filter_map(|line| line.strip_prefix("just "));
        let spans = text
            .split('`')
            .filter_map(|span| span.strip_prefix("just "));
        let commands = blocks.chain(spans).map(str::trim);
        for command in commands.filter(|command| !command.starts_with('#')) {
            let recipe = command.split_whitespace().next().expect("a word");
            assert!(recipes.contains(recipe), "{page}: just {command}");
            seen += 1;
        }
    }
    assert!(seen > 8, "{seen}");
}
