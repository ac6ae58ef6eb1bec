//! What steps may expect.

use super::wrong;

#[test]
fn what_runs_on_is_expected_in_a_session_and_in_one_way() {
    let shown = wrong(
        "\
name: a
nodes: { primary: {} }
steps:
- { sql: SELECT 1, expect: { running: true } }
- { sql: SELECT 1, session: a, expect: { running: false } }
- { sql: SELECT 1, session: b, expect: { running: true, waiting: Lock } }
- close: b
- { sql: SELECT 1, session: c, expect: { running: true, value: 1 } }
- close: c
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: a statement that keeps running needs a session
     --> a.yaml:4:30
      |
    4 | - { sql: SELECT 1, expect: { running: true } }
      |                              ^^^^^^^
      |
      = help: add `session: writer`, and `finish: writer` in a later step

    error: a statement that does not run is what every step expects
     --> a.yaml:5:51
      |
    5 | - { sql: SELECT 1, session: a, expect: { running: false } }
      |                                                   ^^^^^
      |
      = help: leave it out, or write `running: true` for one that goes on

    error: a waiting statement is running
     --> a.yaml:6:42
      |
    6 | - { sql: SELECT 1, session: b, expect: { running: true, waiting: Lock } }
      |                                          ^^^^^^^
      |
      = help: leave one of the two out

    error: the result of a running statement is not known yet
     --> a.yaml:8:42
      |
    8 | - { sql: SELECT 1, session: c, expect: { running: true, value: 1 } }
      |                                          ^^^^^^^
      |
      = help: expect it in the `finish` step of the session
    "#);
}
