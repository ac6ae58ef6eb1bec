//! Text that is no scenario at all.

use super::wrong;

#[test]
fn a_star_wants_quotes() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    conf:
      synchronous_standby_names: *
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `*` needs a name after it
     --> a.yaml:5:34
      |
    5 |       synchronous_standby_names: *
      |                                  ^
      |
      = help: put a value that begins with such a sign in quotes
    "#);
}

#[test]
fn a_control_character_is_no_text() {
    let shown = wrong("name: a\nnodes:\n  prim\u{7}ary: {}\n");
    insta::assert_snapshot!(shown, @r#"
    error: the character U+0007 has no place in a text file
     --> a.yaml:3:7
      |
    3 |   prim␇ary: {}
      |       ^
      |
      = help: a scenario is a text file in UTF-8
    "#);
}

#[test]
fn a_document_that_is_no_mapping_is_refused() {
    let shown = wrong(
        "\
- name: a
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: a mapping is wanted, not a list
     --> a.yaml:1:1
      |
    1 | - name: a
      | ^
      |
      = help: the keys of a scenario are `name`, `title`, `about`, `postgres`, `auth`, `host_auth`, `tls`, `archive`, `replication_user`, `database`, `network`, `nodes`, `services`, `data`, `requires`, `steps`, `limit` and `teardown`
    "#);
}

#[test]
fn an_empty_file_says_what_a_scenario_begins_with() {
    let shown = wrong("");
    insta::assert_snapshot!(shown, @r#"
    error: the file is empty
     --> a.yaml:1:1
      |
    1 |
      | ^
      |
      = help: a scenario begins with `name:` and has `nodes:`
    "#);
}

#[test]
fn a_file_of_comments_is_empty() {
    let shown = wrong(
        "\
# nothing

# at all
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: the file is empty
     --> a.yaml:1:1
      |
    1 | # nothing
      | ^
      |
      = help: a scenario begins with `name:` and has `nodes:`
    "#);
}

#[test]
fn a_tab_for_indentation_is_explained() {
    let shown = wrong("name: a\nnodes:\n\tprimary: {}\n");
    insta::assert_snapshot!(shown, @r#"
    error: this line is indented with a tab
     --> a.yaml:3:1
      |
    3 |  primary: {}
      | ^
      |
      = help: indent with spaces: YAML takes no tabs there
    "#);
}

#[test]
fn a_syntax_error_has_a_place() {
    let shown = wrong(
        "\
name: a
nodes: {primary: {}
title: b
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `,` or `}` is missing: the `{` of line 2 is still open
     --> a.yaml:3:1
      |
    3 | title: b
      | ^
      |
      = help: every `{` needs its `}`
    "#);
}

#[test]
fn a_second_document_is_refused() {
    let shown = wrong(
        "\
name: a
nodes: {primary: {}}
---
name: b
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: a second document begins here
     --> a.yaml:4:1
      |
    4 | name: b
      | ^
      |
      = help: a file holds one scenario
    "#);
}

#[test]
fn an_unknown_anchor_has_a_place() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: *base
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: no value before `*base` has the anchor `&base`
     --> a.yaml:3:12
      |
    3 |   primary: *base
      |            ^
      |
      = help: put a value that begins with such a sign in quotes
    "#);
}

#[test]
fn a_merge_of_something_else_than_a_mapping_is_refused() {
    let shown = wrong(
        "\
name: &name a
nodes:
  primary:
    <<: *name
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `<<` merges a mapping, not the text `a`
     --> a.yaml:1:7
      |
    1 | name: &name a
      |       ^^^^^^^
      |
      = help: write `<<: *anchor`, or a list of such
    "#);
}

#[test]
fn a_tag_is_refused() {
    let shown = wrong(
        "\
name: !secret a
nodes: { primary: {} }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: a YAML tag (`!…`) has no meaning here
     --> a.yaml:1:7
      |
    1 | name: !secret a
      |       ^
      |
      = help: put a value that begins with such a sign in quotes
    "#);
}
