//! Steps whose parts have no use: ignored keys, and checks that test nothing.

use super::steps::{steps, wrong};

#[test]
fn keys_that_would_be_ignored_are_refused() {
    let shown = wrong(&steps(
        "\
- { freeze: replica, on: primary }
- { streaming: replica, expect: { value: 1 } }
- { exec: psql, user: bob }
- { sql: SELECT 1, expect: { code: 1 } }
- { exec: psql, expect: { rows: [] } }
- { sql: SELECT 1, expect: { error: \"25006\", value: 1 } }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: `freeze` takes no `on`
     --> a.yaml:6:22
      |
    6 | - { freeze: replica, on: primary }
      |                      ^^
      |
      = help: it says itself which nodes it is about

    error: `streaming` takes no `expect`
     --> a.yaml:7:25
      |
    7 | - { streaming: replica, expect: { value: 1 } }
      |                         ^^^^^^
      |
      = help: a check is itself what is expected, or expects an `error` of its server

    error: `exec` takes no `user`
     --> a.yaml:8:17
      |
    8 | - { exec: psql, user: bob }
      |                 ^^^^
      |
      = help: only `sql` connects as somebody

    error: `sql` cannot expect `code`
     --> a.yaml:9:30
      |
    9 | - { sql: SELECT 1, expect: { code: 1 } }
      |                              ^^^^

    error: `exec` cannot expect `rows`
      --> a.yaml:10:27
       |
    10 | - { exec: psql, expect: { rows: [] } }
       |                           ^^^^

    error: a statement that fails gives no rows
      --> a.yaml:11:30
       |
    11 | - { sql: SELECT 1, expect: { error: "25006", value: 1 } }
       |                              ^^^^^
    "#);
}

#[test]
fn what_tests_nothing_is_refused() {
    let shown = wrong(&steps(
        "\
- repeat: { over: [], as: x, steps: [{ sql: SELECT 1 }] }
- repeat: { over: [1], as: x, steps: [] }
- lag: { node: replica }
- not: { role: { replica: boss } }
- not: { sync_state: { replica: synchronous } }
- not: { slot: { name: replica, wal_status: fine } }
- not: { timeline: { replica: two } }
- log: ''
- { stop: replica, expect: { error: \"55000\" } }
- { load: ledger, session: ledger }
- { finish: ledger, expect: { value: 1 } }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: `over` is empty: nothing would happen
     --> a.yaml:6:19
      |
    6 | - repeat: { over: [], as: x, steps: [{ sql: SELECT 1 }] }
      |                   ^

    error: `steps` is empty: nothing would happen
     --> a.yaml:7:38
      |
    7 | - repeat: { over: [1], as: x, steps: [] }
      |                                      ^

    error: `lag` needs a limit
     --> a.yaml:8:8
      |
    8 | - lag: { node: replica }
      |        ^
      |
      = help: add `at_least: 1MB`, or `at_most: 5s`

    error: `boss` is no role
     --> a.yaml:9:16
      |
    9 | - not: { role: { replica: boss } }
      |                ^
      |
      = help: the words are `primary`, `standby`, `down` and `frozen`

    error: `synchronous` is no `sync_state`
      --> a.yaml:10:22
       |
    10 | - not: { sync_state: { replica: synchronous } }
       |                      ^
       |
       = help: the words are `sync`, `potential`, `quorum`, `async` and `not connected`

    error: `fine` is no `wal_status`
      --> a.yaml:11:16
       |
    11 | - not: { slot: { name: replica, wal_status: fine } }
       |                ^
       |
       = help: the words are `reserved`, `extended`, `unreserved` and `lost`

    error: `two` is no timeline: those are numbers
      --> a.yaml:12:20
       |
    12 | - not: { timeline: { replica: two } }
       |                    ^

    error: every line contains that
      --> a.yaml:13:8
       |
    13 | - log: ''
       |        ^^

    error: what `stop` fails with has no SQLSTATE
      --> a.yaml:14:37
       |
    14 | - { stop: replica, expect: { error: "55000" } }
       |                                     ^^^^^^^
       |
       = help: expect some of its words: `error: { has: … }`

    error: a load runs in `ledger`, and gives nothing to expect
      --> a.yaml:16:13
       |
    16 | - { finish: ledger, expect: { value: 1 } }
       |             ^^^^^^
       |
       = help: the check `ledger` looks at what a ledger wrote
    "#);
}

#[test]
fn one_subscription_belongs_to_one_node() {
    let shown = wrong(
        "\
name: a
nodes: { p: {}, q: {} }
steps:
- caught_up: { node: [p, q], subscription: s }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: one subscription cannot belong to several nodes
     --> a.yaml:4:22
      |
    4 | - caught_up: { node: [p, q], subscription: s }
      |                      ^
      |
      = help: make a step of it for each node
    "#);
}
