//! Steps: what is written, and what is wrong with it.

use super::good;
use crate::action::{Action, Cell, Check};
use crate::text::suggest::choice;

/// The errors of a scenario, without the growing lists of all actions and checks.
pub(super) fn wrong(text: &str) -> String {
    let shown = super::wrong(text);
    let shown = shown.replace(&choice("actions", Action::KEYS), "[the actions]");
    shown.replace(&choice("checks", Check::KEYS), "[the checks]")
}

pub(super) const LAB: &str = "name: a\nnodes:\n  primary: {}\n  replica: { standby_of: primary }\n";

pub(super) fn steps(text: &str) -> String {
    format!("{LAB}steps:\n{text}")
}

#[test]
fn a_mapping_may_be_written_as_the_value_of_its_one_key() {
    let loaded = good(&steps(
        "\
- stop: replica
- stop: { node: [replica], mode: immediate }
- log: PANIC
- sql: SELECT true
  expect: { error: \"25006\" }
",
    ));
    let [first, second, third, fourth] = loaded.scenario.steps.as_slice() else {
        panic!("four steps");
    };
    let (Action::Stop(one), Action::Stop(other)) = (&first.action, &second.action) else {
        panic!("two stops");
    };
    assert_eq!(one.node, other.node);
    assert!(
        matches!(&third.action, Action::Check(Check::Log(log)) if log.has.as_deref() == Some("PANIC"))
    );
    let error = fourth
        .expect
        .as_ref()
        .and_then(|expect| expect.error.as_ref());
    let code = error.and_then(|error| error.code.as_ref());
    assert_eq!(code.map(AsRef::as_ref), Some("25006"));
}

#[test]
fn a_value_that_is_null_is_not_one_that_is_missing() {
    let loaded = good(&steps("- { sql: SELECT NULL, expect: { value: null } }\n"));
    let expect = loaded.scenario.steps[0]
        .expect
        .as_ref()
        .expect("an expectation");
    assert_eq!(expect.value, Some(Cell(None)));
    assert_eq!(expect.rows, None);
}

#[test]
fn a_plan_s_label_brings_every_step_back() {
    let loaded = good(&steps(
        "\
- { sql: SELECT 1, within: 250ms, expect: { rows: [[1, null, true]] } }
- { hba: [{ database: all, address: replica, method: trust }], on: primary }
- hold:
    check: { streaming: replica }
    during: [{ set: { work_mem: 8MB, jit: null } }]
",
    ));
    let json = serde_json::to_string(&loaded.scenario.steps).expect("JSON");
    let back: Vec<crate::action::Step> = serde_json::from_str(&json).expect("steps");
    assert_eq!(back, loaded.scenario.steps);
}

#[test]
fn a_step_does_one_thing() {
    let shown = wrong(&steps(
        "\
- { say: nothing }
- { sql: SELECT 1, freeze: replica }
- { slq: SELECT 1 }
- { teleport: replica }
- { sleep: 5s }
- { sql: SELECT greatest(1, 2) AS n }
- SELECT 1
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: this step does nothing: it has neither an action nor a check
     --> a.yaml:6:3
      |
    6 | - { say: nothing }
      |   ^
      |
      = help: [the actions]; [the checks]

    error: this step has two actions, `sql` and `freeze`
     --> a.yaml:7:20
      |
    7 | - { sql: SELECT 1, freeze: replica }
      |                    ^^^^^^
      |
      = help: make two steps of it, each with a `-` of its own

    error: `slq` is neither an action nor a check
     --> a.yaml:8:5
      |
    8 | - { slq: SELECT 1 }
      |     ^^^
      |
      = help: did you mean `sql`?

    error: `teleport` is neither an action nor a check
     --> a.yaml:9:5
      |
    9 | - { teleport: replica }
      |     ^^^^^^^^
      |
      = help: [the actions]; [the checks]

    error: `sleep` is neither an action nor a check
      --> a.yaml:10:5
       |
    10 | - { sleep: 5s }
       |     ^^^^^
       |
       = help: no step sleeps: a check waits until it holds, at most as long as its `within` says

    error: `2) AS n` is neither an action nor a check
      --> a.yaml:11:29
       |
    11 | - { sql: SELECT greatest(1, 2) AS n }
       |                             ^^^^^^^
       |
       = help: between `{` and `}` a comma ends a value: put quotes around one that has a comma in it

    error: a mapping with an action, such as `sql: …`, is wanted, not the text `SELECT 1`
      --> a.yaml:12:3
       |
    12 | - SELECT 1
       |   ^^^^^^^^
    "#);
}

#[test]
fn what_an_action_holds_is_shown_where_it_is_written() {
    let shown = wrong(&steps(
        "\
- stop: { node: replica, mode: slow }
- follow: { node: replica, upstraem: primary }
- follow: { node: replica }
- slot: { name: a, active: maybe }
- sql: SELECT 1
  expect: { error: 2500 }
- sql: SELECT 1
  within: soon
- not: { freeze: replica }
- rows: { orders: many }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: `slow` is none of the words here
     --> a.yaml:6:32
      |
    6 | - stop: { node: replica, mode: slow }
      |                                ^^^^
      |
      = help: the words are `smart`, `fast` and `immediate`

    error: `upstraem` is none of the keys here
     --> a.yaml:7:28
      |
    7 | - follow: { node: replica, upstraem: primary }
      |                            ^^^^^^^^
      |
      = help: did you mean `upstream`?

    error: the key `upstream` is missing
     --> a.yaml:8:11
      |
    8 | - follow: { node: replica }
      |           ^

    error: a boolean is wanted, not the text `maybe`
     --> a.yaml:9:28
      |
    9 | - slot: { name: a, active: maybe }
      |                            ^^^^^

    error: text is wanted, not the number `2500`
      --> a.yaml:11:20
       |
    11 |   expect: { error: 2500 }
       |                    ^^^^

    error: `soon` is not a duration: it begins with no number
      --> a.yaml:13:11
       |
    13 |   within: soon
       |           ^^^^

    error: `freeze` is no check
      --> a.yaml:14:10
       |
    14 | - not: { freeze: replica }
       |          ^^^^^^
       |
       = help: [the checks]

    error: a whole number is wanted, not the text `many`
      --> a.yaml:15:19
       |
    15 | - rows: { orders: many }
       |                   ^^^^
    "#);
}

#[test]
fn steps_name_nodes_that_exist_and_none_streams_from_itself() {
    let shown = wrong(&steps(
        "\
- { sql: SELECT 1, on: primry }
- freeze: [replica, replik]
- streaming: { node: replica, from: primery }
- role: { repilca: standby }
- follow: { node: replica, upstream: replica }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: there is no node `primry`
     --> a.yaml:6:24
      |
    6 | - { sql: SELECT 1, on: primry }
      |                        ^^^^^^
      |
      = help: did you mean `primary`?

    error: there is no node `replik`
     --> a.yaml:7:11
      |
    7 | - freeze: [replica, replik]
      |           ^
      |
      = help: did you mean `replica`?

    error: there is no node `primery`
     --> a.yaml:8:37
      |
    8 | - streaming: { node: replica, from: primery }
      |                                     ^^^^^^^
      |
      = help: did you mean `primary`?

    error: there is no node `repilca`
     --> a.yaml:9:9
      |
    9 | - role: { repilca: standby }
      |         ^
      |
      = help: did you mean `replica`?

    error: `replica` cannot stream from itself
      --> a.yaml:10:38
       |
    10 | - follow: { node: replica, upstream: replica }
       |                                      ^^^^^^^
       |
       = help: name another node as its upstream
    "#);
}
