//! Steps that could not do what they say, or that test nothing.

use super::{good, wrong};

const LAB: &str = "name: a\nnodes:\n  primary: {}\n  replica: { standby_of: primary }\n";

fn steps(text: &str) -> String {
    format!("{LAB}steps:\n{text}")
}

/// The messages alone, each with its line and column.
fn said(text: &str) -> String {
    let shown = wrong(&steps(text));
    let lines = shown
        .lines()
        .filter(|line| line.starts_with("error:") || line.contains("--> "));
    let lines: Vec<&str> = lines.map(str::trim).collect();
    lines.join("\n")
}

#[test]
fn a_primary_is_not_promoted_and_does_not_stream() {
    let shown = wrong(&steps(
        "\
- promote: primary
- not: { streaming: primary }
",
    ));
    insta::assert_snapshot!(shown, @"
    error: `primary` is already a primary
     --> a.yaml:6:12
      |
    6 | - promote: primary
      |            ^^^^^^^
      |
      = help: a standby is promoted: `follow`, `rewind`, `reclone` or `clone` make a node one

    error: `primary` is never a standby: it could not stream
     --> a.yaml:7:10
      |
    7 | - not: { streaming: primary }
      |          ^^^^^^^^^
    ");
    insta::assert_snapshot!(said(
        "\
- repeat:
    over: [1, 2]
    as: round
    steps:
    - promote: primary
- hold: { check: { streaming: { node: [replica, primary] } }, never: true, during: [{ promote: replica }] }
"
    ), @"
    error: `primary` is already a primary
    --> a.yaml:10:16
    error: `primary` is never a standby: it could not stream
    --> a.yaml:11:39
    ");
}

#[test]
fn a_node_that_may_have_become_a_standby_is_promoted() {
    for text in [
        "- promote: replica\n",
        "- { promote: primary, expect: { error: { has: not in recovery } } }\n",
        "- not: { streaming: primary }\n- promote: replica\n- follow: { node: primary, upstream: replica }\n- promote: primary\n",
        "- promote: replica\n- reclone: { node: primary, upstream: replica }\n- promote: primary\n",
        "- exec: [touch, standby.signal]\n- restart: primary\n- promote: primary\n",
        "- sql: COPY (SELECT 1) TO PROGRAM 'cat > standby.signal'\n- restart: primary\n- promote: primary\n",
        "- hold:\n    check: { role: { replica: primary } }\n    never: true\n    during:\n    \
         - rewind: { node: primary, upstream: replica }\n- promote: primary\n",
        "- repeat:\n    over: [1, 2]\n    as: round\n    steps:\n    - promote: primary\n    \
         - follow: { node: primary, upstream: replica }\n",
    ] {
        good(&steps(text));
    }
}

#[test]
fn a_kind_of_conflict_is_one_that_servers_count() {
    let shown = wrong(&steps("- conflict: { snapshott: 1 }\n  on: replica\n"));
    insta::assert_snapshot!(shown, @"
    error: no server counts conflicts of the kind `snapshott`
     --> a.yaml:6:15
      |
    6 | - conflict: { snapshott: 1 }
      |               ^^^^^^^^^
      |
      = help: did you mean `snapshot`?
    ");
    good(&steps(
        "- conflict: { snapshot: 1, confl_lock: 0, apply_error_count: 1, insert_exists: 1, active_logicalslot: 1 }\n",
    ));
}

#[test]
fn a_load_has_one_end() {
    let shown = wrong(&steps("- load: { time: 1s, transactions: 10 }\n"));
    insta::assert_snapshot!(shown, @"
    error: a load ends after a time or after so many transactions, not both
     --> a.yaml:6:21
      |
    6 | - load: { time: 1s, transactions: 10 }
      |                     ^^^^^^^^^^^^
      |
      = help: leave out `time` or `transactions`
    ");
}

#[test]
fn what_begins_a_variable_ends_it() {
    let shown = wrong(&steps(
        "\
- { sql: SELECT 1, capture: one }
- sql: SELECT ${one
- exec: [echo, '${one}${']
",
    ));
    insta::assert_snapshot!(shown, @r"
    error: `${` without a `}`: `one`
     --> a.yaml:7:8
      |
    7 | - sql: SELECT ${one
      |        ^^^^^^^^^^^^
      |
      = help: `${name}` is the value that a step before captured as `name`

    error: `${` without a `}`: ``
     --> a.yaml:8:9
      |
    8 | - exec: [echo, '${one}${']
      |         ^
      |
      = help: `${name}` is the value that a step before captured as `name`
    ");
    for sql in [
        "SELECT $${$$",
        "SELECT $${\"a\": 1}$$::json",
        "SELECT $j${\"a\": 1}$j$::json",
        "DO $$BEGIN END$$",
        "SELECT '$1', '{', '$'",
    ] {
        good(&steps(&format!("- sql: |\n    {sql}\n")));
    }
}
