//! Names that are values of a list.

use super::good;
use super::steps::wrong;
use crate::action::Action;
use crate::action::repeat::Repeat;

fn repeated(over: &str, steps: &str) -> String {
    format!(
        "name: a\nnodes:\n  primary: {{}}\n  replica: {{ standby_of: primary }}\n  leaf: {{ standby_of: primary }}\n\
         steps:\n- repeat:\n    over: {over}\n    as: node\n    steps:\n{steps}"
    )
}

fn repeat(text: &str) -> Repeat {
    let Action::Repeat(repeat) = good(text).scenario.steps.remove(0).action else {
        panic!("a repeat");
    };
    repeat
}

#[test]
fn a_value_may_stand_wherever_a_name_is_wanted() {
    let found = repeat(&repeated(
        "[replica, leaf]",
        "    - { sql: 'SELECT ${node}', on: '${node}', session: '${node}_s', expect: { value: '${node}' } }
    - stop: ${node}
    - streaming: { node: '${node}', from: primary }
    - { follow: { node: '${node}', upstream: primary, slot: '${node}' } }
    - role: { '${node}': down }
",
    ));
    let [first, second] = found.rounds.as_slice() else {
        panic!("two rounds: {found:?}");
    };
    let said = |steps: &[crate::action::Step]| {
        let lines: Vec<String> = steps.iter().map(crate::action::Step::describe).collect();
        lines.join("\n")
    };
    assert_eq!(
        said(first),
        "replica: SELECT ${node}\nstop replica (fast)\nreplica streams from primary\nmake replica follow primary\nreplica is down"
    );
    assert_eq!(said(second), said(first).replace("replica", "leaf"));
}

#[test]
fn steps_that_are_the_same_for_all_values_are_kept_once() {
    let sql = "    - sql: SELECT ${node}\n";
    assert_eq!(repeat(&repeated("[1, 2, 3]", sql)).rounds.len(), 1);
    // A name that a step gives anew is not the list's any more.
    let again = "    - { sql: SELECT 1, capture: node }\n    - exec: [echo, '${node}']\n";
    assert_eq!(repeat(&repeated("[1, 2, 3]", again)).rounds.len(), 1);
}

#[test]
fn every_value_is_checked_and_named_where_it_stands() {
    let steps = "    - streaming: ${node}
    - stop: ${node}
    - kill: nobody
    - slep: 1
    - hold: { check: { streaming: '${node}' }, during: [{ restart: '${node}' }] }
";
    insta::assert_snapshot!(wrong(&repeated("[replica, lef, 1x]", steps)), @r#"
    error: there is no node `lef`
     --> a.yaml:8:21
      |
    8 |     over: [replica, lef, 1x]
      |                     ^^^
      |
      = help: did you mean `leaf`?

    error: `1x` is not a node's name: lower-case letters, digits and `_`, a letter first, at most 32 characters
     --> a.yaml:8:26
      |
    8 |     over: [replica, lef, 1x]
      |                          ^^

    error: there is no node `nobody`
      --> a.yaml:13:13
       |
    13 |     - kill: nobody
       |             ^^^^^^
       |
       = help: the nodes are `primary`, `replica` and `leaf`

    error: `slep` is neither an action nor a check
      --> a.yaml:14:7
       |
    14 |     - slep: 1
       |       ^^^^
       |
       = help: [the actions]; [the checks]
    "#);
}

#[test]
fn one_value_alone_is_named_where_it_is_used() {
    insta::assert_snapshot!(wrong(&repeated("[lef]", "    - stop: ${node}\n")), @r#"
    error: there is no node `lef`
      --> a.yaml:11:7
       |
    11 |     - stop: ${node}
       |       ^^^^
       |
       = help: did you mean `leaf`?
    "#);
}

#[test]
fn what_a_round_gave_is_known_after_it() {
    super::good(
        "\
name: a
nodes: { p: {}, a: { standby_of: p }, b: { standby_of: p } }
steps:
- repeat:
    over: [a, b]
    as: node
    steps:
    - { sql: SELECT pg_sleep(1), on: \"${node}\", session: \"${node}_w\", expect: { running: true } }
    - { backup: \"of_${node}\", on: \"${node}\" }
    - { sql: SELECT 1, name: one, capture: \"v_${node}\" }
- finish: a_w
- finish: b_w
- clone: { node: b, backup: of_a, upstream: p }
- sql: SELECT ${v_a} + ${v_b}
",
    );
}

#[test]
fn a_session_that_one_round_leaves_is_seen() {
    let shown = super::wrong(
        "\
name: a
nodes: { p: {}, a: { standby_of: p } }
steps:
- repeat:
    over: [p, a]
    as: node
    steps:
    - { sql: SELECT pg_sleep(1), on: \"${node}\", session: \"${node}_w\", expect: { running: true } }
- finish: a_w
- hold:
    check: { log: { lacks: PANIC, since: typo } }
    during: [{ sql: SELECT 1 }]
  on: p
- hold: { check: { rows: { pg_class: 1 } }, during: [{ sql: SELECT 1 }] }
  database: postgres
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: nobody learns how the statement in the session `p_w` ends
     --> a.yaml:8:49
      |
    8 |     - { sql: SELECT pg_sleep(1), on: "${node}", session: "${node}_w", expect: { running: true } }
      |                                                 ^^^^^^^
      |
      = help: the ways are `finish`, `cancel` and `close`

    error: no step before this one is called `typo`
      --> a.yaml:11:42
       |
    11 |     check: { log: { lacks: PANIC, since: typo } }
       |                                          ^^^^
       |
       = help: there are no named steps before it
    "#);
}
