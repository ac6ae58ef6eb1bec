//! What is no YAML, in our words.

use super::*;

/// The line, the column and the words.
fn said(text: &str) -> String {
    let error = parse(text, 0).expect_err("no YAML");
    let position = diagnostic::Excerpt::new(text, error.at, 1).position();
    let help = error.help.map(|help| format!("; {help}"));
    let help = help.unwrap_or_default();
    format!("{}:{}: {error}{help}", position.line, position.column)
}

#[test]
fn each_slip_is_said_with_what_to_do() {
    let slips = [
        "a: [1, 2\nb: 3\n",
        "a: {b: 1\nc: 2\n",
        "a: 1\n b: 2\n",
        "a: b: c\n",
        "a:\n  b: 1\n c: 2\n",
        "a:\n- x\n b\n- y: 1\n   z: 2\n",
        "- a\nb: 1\n",
        "a: - b\n",
        "a: \"b\nc: d\n",
        "a: 'b\n",
        "a: \"\\d\"\n",
        "a: @b\n",
        "a: `b`\n",
        "a: %b\n",
        "a: &\n",
        "a: *b\n",
        "a: &b [*b]\n",
        "a: !b c\n",
        "a: !!set {}\n",
        "a: !!int x\n",
        "a: 1\nb\nc: 2\n",
        "a: 'b' c\n",
        "a:\n\tb: 1\n",
        "a: 1\n--- \nb: 2\n",
        "a: 'b\n---\nc'\n",
        "a: ]\n",
        "%YAML 3.0\n---\na: 1\n",
    ];
    let said: Vec<String> = slips.iter().map(|slip| said(slip)).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    2:2: `,` or `]` is missing: the `[` of line 1 is still open; every `[` needs its `]`
    2:2: `,` or `}` is missing: the `{` of line 1 is still open; every `{` needs its `}`
    2:3: this `:` cannot end a key here; put text with `: ` in it in quotes, and indent a mapping below its key
    1:5: this `:` cannot end a key here; put text with `: ` in it in quotes, and indent a mapping below its key
    3:2: this is not a key of the mapping that begins in line 1; the keys of a mapping begin in one column, and text with quotes in it is put in quotes as a whole
    5:5: this `:` cannot end a key here; put text with `: ` in it in quotes, and indent a mapping below its key
    2:1: this is not an item of the list that begins in line 1; the `-` of a list's items stand in one column
    1:4: this `-` cannot begin a list here; begin a list on a line of its own
    1:4: this `"` is never closed; close the quotes
    1:4: this `'` is never closed; close the quotes
    1:5: `\d` is not an escape in double quotes; single quotes take a backslash as it is
    1:4: a value cannot begin with `@`; put a value that begins with such a sign in quotes
    1:4: a value cannot begin with ```; put a value that begins with such a sign in quotes
    1:4: a value cannot begin with `%`; put a value that begins with such a sign in quotes
    1:4: `&` needs a name after it; put a value that begins with such a sign in quotes
    1:4: no value before `*b` has the anchor `&b`; put a value that begins with such a sign in quotes
    1:8: `*b` is within what `&b` names; an alias repeats a value that is complete
    1:4: a YAML tag (`!…`) has no meaning here; put a value that begins with such a sign in quotes
    1:4: a YAML tag (`!…`) has no meaning here; put a value that begins with such a sign in quotes
    1:4: a YAML tag (`!…`) has no meaning here; put a value that begins with such a sign in quotes
    3:1: the key of line 2 has no `:`; write `key: value`, with a blank after the `:`
    1:8: this is not a key of the mapping that begins in line 1; the keys of a mapping begin in one column, and text with quotes in it is put in quotes as a whole
    2:1: this line is indented with a tab; indent with spaces: YAML takes no tabs there
    3:1: a second document begins here; a file holds one scenario
    2:1: a document ends here, and the `'` of line 1 is still open; close the quotes
    1:4: a value cannot begin with `]`; put a value that begins with such a sign in quotes
    1:1: found incompatible YAML document
    "#);
}

#[test]
fn depth_has_a_limit_also_through_aliases() {
    let deep = |open: &str, levels| open.repeat(levels);
    assert!(said(&deep("- ", 200)).contains("too deep"));
    let half = format!(
        "a: &x {}1{}\nb: {}*x{}\n",
        "[".repeat(70),
        "]".repeat(70),
        "[".repeat(70),
        "]".repeat(70)
    );
    assert!(said(&half).contains("too deep"));
}

#[test]
fn a_tag_with_a_comma_after_it_is_a_tag_and_in_a_text_it_is_none() {
    for text in [
        "[!!str, b]",
        "{ a: !!str, b: c }",
        "[&a !x, b]",
        "{!!str, a: b}",
    ] {
        let error = parse(text, 0).expect_err("a tag");
        assert!(error.message.contains("tag"), "{text}: {}", error.message);
        assert_eq!(error.at, text.find('!').expect("it"), "{text}");
    }
    for text in [
        "a: 'b, !c, d'",
        "[\"a, !b, c\"]",
        "a: b !c, d",
        "# !a, b\na: b",
        "a: |\n  [ !b, c ]",
    ] {
        assert!(parse(text, 0).is_ok(), "{text}");
    }
}
