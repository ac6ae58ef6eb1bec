//! Errors as they are shown.

use super::*;

fn at(text: &str, offset: usize, width: usize) -> Diagnostic {
    Diagnostic {
        file: "a.yaml".to_owned(),
        place: Place::File(Excerpt::new(text, offset, width)),
        message: "`slt` is no key here".to_owned(),
        help: Some("did you mean `slot`?".to_owned()),
    }
}

#[test]
fn an_error_shows_its_line_a_caret_and_the_help() {
    let shown = Diagnostics::one(at("name: a\n  slt: x\n", 10, 3)).render(false);
    assert_eq!(
        shown,
        "\
error: `slt` is no key here
 --> a.yaml:2:3
  |
2 |   slt: x
  |   ^^^
  |
  = help: did you mean `slot`?
"
    );
}

#[test]
fn colour_is_added_only_when_asked_for() {
    let diagnostics = Diagnostics::one(at("slt", 0, 3));
    assert!(diagnostics.render(true).contains('\u{1b}'));
    assert!(!diagnostics.render(false).contains('\u{1b}'));
}

#[test]
fn an_error_in_an_override_names_it_instead_of_a_line() {
    let mut one = at("", 0, 0);
    one.place = Place::Override("--set nodes.a.slt=x".to_owned());
    let diagnostics = Diagnostics::one(one);
    assert_eq!(
        diagnostics.render(false),
        "\
error: `slt` is no key here
 |
 = note: given by `--set nodes.a.slt=x`
 = help: did you mean `slot`?
"
    );
    assert_eq!(
        serde_json::to_string(&diagnostics).expect("JSON"),
        r#"[{"file":"--set nodes.a.slt=x","line":null,"column":null,"message":"`slt` is no key here","help":"did you mean `slot`?"}]"#
    );
}

#[test]
fn a_password_in_a_line_is_not_shown_and_the_caret_stays() {
    let text = "- { password: häß, slt: x }";
    let at_key = text.find("slt").expect("it");
    let shown = Diagnostics::one(at(text, at_key, 3)).render(false);
    assert_eq!(
        shown,
        "\
error: `slt` is no key here
 --> a.yaml:1:20
  |
1 | - { password: ***, slt: x }
  |                    ^^^
  |
  = help: did you mean `slot`?
"
    );
    let one = Diagnostics::one(Diagnostic {
        place: Place::Override("replication_user.password=häß".to_owned()),
        ..at("", 0, 0)
    });
    let all = one.render(false) + &serde_json::to_string(&one).expect("JSON");
    assert!(!all.contains("häß"), "{all}");
}

#[test]
fn any_offset_of_any_text_gives_a_place() {
    for text in ["", "\n", "ä\tö\r\n", "\n\n", &"é".repeat(500), "\r\r"] {
        for offset in 0..text.len() + 3 {
            let one = at(text, offset, 9);
            let position = one.position().expect("a place in the file");
            assert!(position.line <= text.matches('\n').count() + 1);
            let shown = Diagnostics::one(one).render(false);
            let place = format!("a.yaml:{}:{}", position.line, position.column);
            assert!(shown.contains(&place), "{text:?} {offset} {place}\n{shown}");
        }
    }
}

#[test]
fn a_long_line_is_cut_around_the_error() {
    let line = "x".repeat(5000);
    let shown = Diagnostics::one(at(&line, 4000, 3)).render(false);
    assert!(shown.contains("a.yaml:1:4001"), "{shown}");
    assert!(shown.lines().all(|line| line.len() < 200), "{shown}");
}

#[test]
fn the_count_is_said_in_words() {
    let one = at("a", 0, 1);
    let two = Diagnostics::several(vec![one.clone(), at("b\na", 2, 1), one], 0);
    assert_eq!(two.expect("errors").to_string(), "`a.yaml` has 2 errors");
    assert!(Diagnostics::several(Vec::new(), 0).is_none());
}
