//! Where a value stands, however it is written.

use super::*;

/// What is written at a path.
fn at<'t>(text: &'t str, path: &str) -> &'t str {
    let tree = tree(text);
    let (_, node) = tree.find(path).expect("a value");
    &text[node.spot.start..node.spot.end]
}

#[test]
fn a_scalar_s_place_has_its_quotes_and_its_lines() {
    let text = "plain: a b # c\nquoted: \"a\\tb\"\nsingle: 'it''s'\nlong: one\n  two\nempty:\nlast: é漢 \n";
    assert_eq!(at(text, "plain"), "a b");
    assert_eq!(at(text, "quoted"), r#""a\tb""#);
    assert_eq!(at(text, "single"), "'it''s'");
    assert_eq!(at(text, "long"), "one\n  two");
    assert_eq!(at(text, "empty"), "");
    assert_eq!(at(text, "last"), "é漢");
}

#[test]
fn a_block_of_text_begins_at_its_sign() {
    let text = "a: |\n  one\n  two\nb: >-\n  three\n";
    assert_eq!(at(text, "a"), "|\n  one\n  two\n");
    assert_eq!(at(text, "b"), ">-\n  three\n");
}

#[test]
fn lists_and_mappings_are_from_their_first_sign_to_their_last() {
    let text = "flow: { a: [1, 2], b: {} }\nblock:\n  c: 1\n  d:\n  - x\n";
    assert_eq!(at(text, "flow"), "{ a: [1, 2], b: {} }");
    assert_eq!(at(text, "flow.a"), "[1, 2]");
    assert!(at(text, "block").starts_with("c: 1\n"));
    assert!(at(text, "block.d").starts_with("- x"));
}

#[test]
fn an_alias_is_where_its_anchor_is() {
    let text = "a: &x { b: 12.50 }\nc: *x\nd: { <<: *x }\n";
    assert_eq!(at(text, "c"), "&x { b: 12.50 }");
    assert_eq!(at(text, "c.b"), "12.50");
    assert_eq!(at(text, "d.b"), "12.50");
}

#[test]
fn tabs_and_ends_of_lines_as_in_windows_move_nothing() {
    let text = "a:\tone\t\r\nb: two\r\n";
    assert_eq!(at(text, "a"), "one");
    assert_eq!(at(text, "b"), "two");
}

/// The line that is shown and what is under it.
fn caret(text: &str, path: &str) -> String {
    let tree = tree(text);
    let (_, node) = tree.find(path).expect("a value");
    let diagnostic = diagnostic::Diagnostic {
        file: "a.yaml".to_owned(),
        place: diagnostic::Place::File(diagnostic::Excerpt::of(text, node.spot)),
        message: "no".to_owned(),
        help: None,
    };
    let shown = diagnostic::Diagnostics::one(diagnostic).render(false);
    shown.lines().skip(3).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_caret_is_under_what_is_meant() {
    let texts = [
        "a: \"x: \\\"y\\\"\" # z\n",
        "a: 漢字 {}\n",
        "a:\té漢 # z\n",
        "a: one two\n  three\n",
        "a: { b: 1 }\n",
        "a:\n  b c: 1\n",
        "a:\n- b: 1\n",
        "a: |\n  text\n",
        "a: # nothing\n",
    ];
    let shown: Vec<String> = texts.iter().map(|text| caret(text, "a")).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    1 | a: "x: \"y\"" # z
      |    ^^^^^^^^^^
    1 | a: 漢字 {}
      |    ^^^^^^^
    1 | a: é漢 # z
      |    ^^^
    1 | a: one two
      |    ^^^^^^^
    1 | a: { b: 1 }
      |    ^
    2 |   b c: 1
      |   ^^^
    2 | - b: 1
      | ^
    1 | a: |
      |    ^
    1 | a: # nothing
      |   ^
    "#);
}
