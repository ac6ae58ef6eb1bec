//! What a step names of those before it: sessions, names, values, backups.

use super::steps::steps;
use super::wrong;

#[test]
fn a_session_is_opened_before_it_is_used_and_its_end_is_seen() {
    let shown = wrong(&steps(
        "\
- finish: writer
- { sql: SELECT 1, expect: { waiting: SyncRep } }
- { sql: SELECT 1, session: other }
- finish: other
- { sql: SELECT 1, session: writer, expect: { waiting: SyncRep } }
- { sql: SELECT 1, session: writer }
- { sql: SELECT 1, session: last, expect: { waiting: Lock } }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: no session `writer` is open here
     --> a.yaml:6:11
      |
    6 | - finish: writer
      |           ^^^^^^
      |
      = help: there are no open sessions

    error: a statement that keeps running needs a session
     --> a.yaml:7:30
      |
    7 | - { sql: SELECT 1, expect: { waiting: SyncRep } }
      |                              ^^^^^^^
      |
      = help: add `session: writer`, and `finish: writer` in a later step

    error: nothing runs in the session `other`
     --> a.yaml:9:11
      |
    9 | - finish: other
      |           ^^^^^
      |
      = help: a statement with `expect: { waiting: … }` or `{ running: true }` goes on after its step; `cancel` has seen its end, and may expect something itself

    error: a statement still runs in the session `writer`
      --> a.yaml:11:29
       |
    11 | - { sql: SELECT 1, session: writer }
       |                             ^^^^^^
       |
       = help: `finish: writer` comes first

    error: nobody learns how the statement in the session `last` ends
      --> a.yaml:12:20
       |
    12 | - { sql: SELECT 1, session: last, expect: { waiting: Lock } }
       |                    ^^^^^^^
       |
       = help: the ways are `finish`, `cancel` and `close`
    "#);
}

#[test]
fn names_of_steps_are_unique_and_used_after_they_are_given() {
    let shown = wrong(&steps(
        "\
- { log: { has: x, since: crash } }
- { name: crash, kill: primary }
- { name: crash, start: primary }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: no step before this one is called `crash`
     --> a.yaml:6:27
      |
    6 | - { log: { has: x, since: crash } }
      |                           ^^^^^
      |
      = help: there are no named steps before it

    error: another step is called `crash` too
     --> a.yaml:8:11
      |
    8 | - { name: crash, start: primary }
      |           ^^^^^
    "#);
}

#[test]
fn a_value_is_captured_and_a_backup_kept_before_it_is_used() {
    let shown = wrong(&steps(
        "\
- sql: SELECT ${before}
- { sql: SELECT 1, capture: before }
- sql: SELECT ${before}, ${befor}
- { streaming: replica, capture: x }
- clone: { node: replica, backup: monday, upstream: primary }
- archive: broken
- load: ledger
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: no step before this one captures `before`
     --> a.yaml:6:8
      |
    6 | - sql: SELECT ${before}
      |        ^^^^^^^^^^^^^^^^
      |
      = help: there are no captured values

    error: no step before this one captures `befor`
     --> a.yaml:8:8
      |
    8 | - sql: SELECT ${before}, ${befor}
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `before`?

    error: `streaming` takes no `capture`
     --> a.yaml:9:25
      |
    9 | - { streaming: replica, capture: x }
      |                         ^^^^^^^
      |
      = help: only `sql`, `exec`, `finish` and `log` give a value

    error: no step before this one keeps a backup `monday`
      --> a.yaml:10:35
       |
    10 | - clone: { node: replica, backup: monday, upstream: primary }
       |                                   ^^^^^^
       |
       = help: there are no backups

    error: this lab has no archive
      --> a.yaml:11:3
       |
    11 | - archive: broken
       |   ^^^^^^^
       |
       = help: write `archive: true` at the top of the scenario

    error: a ledger is written while other steps happen: it needs a session
      --> a.yaml:12:3
       |
    12 | - load: ledger
       |   ^^^^
       |
       = help: add `session: ledger`, and `finish: ledger` in a later step
    "#);
}
