//! The manual's table of the tutorial: it has every command and claim, and each names a step that there is.
//!
//! That the steps pass is what the scenarios' tests see to, which run every lab with steps.

use replication_lab::scenario::catalog;
use replication_lab::scenario::load::{Overrides, load};

const TABLE: &str = include_str!("../docs/tutorial.md");
const LABS: &str = include_str!("../docs/labs.md");

/// The tutorial's lines of code, its lists and the claims in its text, in their order, each once.
const LINES: &str = include_str!("tutorial/lines.txt");

struct Row {
    quotes: Vec<String>,
    lab: String,
    step: String,
}

fn rows() -> Vec<Row> {
    let table = TABLE
        .split("| the tutorial | lab | step | which is |")
        .nth(1);
    let lines = table.expect("the table").lines().skip(2);
    lines
        .filter(|line| line.starts_with('|'))
        .map(|line| {
            let line = line.replace("\\|", "\u{1}");
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [quotes, lab, step, which] = cells.as_slice() else {
                panic!("four columns: {line}");
            };
            assert!(!which.is_empty(), "{line}");
            Row {
                quotes: quotes.split("<br>").map(unquoted).collect(),
                lab: unquoted(lab),
                step: unquoted(step),
            }
        })
        .collect()
}

fn unquoted(code: &str) -> String {
    let code = code.trim().replace('\u{1}', "|");
    match code
        .strip_prefix("`` ")
        .and_then(|code| code.strip_suffix(" ``"))
    {
        Some(code) => code.to_owned(),
        None => code.trim_matches('`').to_owned(),
    }
}

#[test]
fn every_command_and_claim_of_the_tutorial_is_in_the_table() {
    let rows = rows();
    let quotes: Vec<&str> = rows
        .iter()
        .flat_map(|row| &row.quotes)
        .map(String::as_str)
        .collect();
    for line in LINES.lines() {
        let found = quotes.iter().any(|quote| line.contains(quote));
        assert!(found, "no row quotes: {line}");
    }
    for quote in quotes {
        let found = LINES.lines().any(|line| line.contains(quote));
        assert!(found, "the tutorial does not say: {quote}");
    }
}

#[test]
fn every_row_names_a_step_that_there_is() {
    let rows = rows();
    assert!(rows.len() > 50, "{}", rows.len());
    for Row { lab, step, .. } in rows {
        let embedded = catalog::embedded();
        let found = embedded.iter().find(|embedded| embedded.name == lab);
        let source = found
            .unwrap_or_else(|| panic!("there is no lab `{lab}`"))
            .source();
        let Ok(loaded) = load(&source, &Overrides::default()) else {
            panic!("`{lab}` does not load");
        };
        let is_it = |other: &replication_lab::action::Step| {
            other
                .name
                .as_ref()
                .is_some_and(|name| name.as_str() == step)
        };
        assert!(
            loaded.scenario.steps.iter().any(is_it),
            "`{lab}` has no step `{step}`"
        );
    }
}

#[test]
fn every_lab_of_the_catalogue_is_in_the_manual() {
    for embedded in catalog::embedded() {
        let row = format!("| `{}` | ", embedded.name);
        assert_eq!(LABS.matches(&row).count(), 1, "{row}");
    }
}
