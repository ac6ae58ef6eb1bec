//! Steps: what is written, and what is wrong with it.

use super::{good, wrong};
use crate::scenario::step::{Action, Cell, Check};

const LAB: &str = "name: a\nnodes:\n  primary: {}\n  replica: { standby_of: primary }\n";

fn steps(text: &str) -> String {
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
    let back: Vec<crate::scenario::step::Step> = serde_json::from_str(&json).expect("steps");
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
      = help: the actions are `sql`, `sql_file`, `exec`, `finish`, `cancel`, `close`, `start`, `stop`, `restart`, `kill`, `promote`, `follow`, `rewind`, `reclone`, `set`, `hba`, `freeze`, `thaw`, `partition`, `isolate`, `delay`, `loss`, `rate`, `fill`, `corrupt`, `heal`, `not`, `hold`, `repeat`, `signal`, `backup`, `clone`, `restore`, `archive`, `load` and `create_subscriber`; the checks are `streaming`, `caught_up`, `synced`, `role`, `sync_state`, `timeline`, `slot`, `log`, `file`, `setting`, `rows`, `same_rows`, `lag`, `waiting`, `conflict`, `unreplicated` and `ledger`

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
      = help: the actions are `sql`, `sql_file`, `exec`, `finish`, `cancel`, `close`, `start`, `stop`, `restart`, `kill`, `promote`, `follow`, `rewind`, `reclone`, `set`, `hba`, `freeze`, `thaw`, `partition`, `isolate`, `delay`, `loss`, `rate`, `fill`, `corrupt`, `heal`, `not`, `hold`, `repeat`, `signal`, `backup`, `clone`, `restore`, `archive`, `load` and `create_subscriber`; the checks are `streaming`, `caught_up`, `synced`, `role`, `sync_state`, `timeline`, `slot`, `log`, `file`, `setting`, `rows`, `same_rows`, `lag`, `waiting`, `conflict`, `unreplicated` and `ledger`

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
       = help: the checks are `streaming`, `caught_up`, `synced`, `role`, `sync_state`, `timeline`, `slot`, `log`, `file`, `setting`, `rows`, `same_rows`, `lag`, `waiting`, `conflict`, `unreplicated` and `ledger`

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
      = help: a check is itself what is expected

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

    error: a statement that goes on needs a session to do so in
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
      = help: a statement with `expect: { waiting: … }` or `{ running: true }` goes on after its step

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
fn faults_of_networks_are_written_short_or_with_their_sides() {
    let loaded = good(
        &steps(
            "\
- partition: [primary, replica]
- partition: { from: primary, to: [replica], one_way: true }
- isolate: replica
- delay: { from: primary, to: replica, time: 200ms, jitter: 20ms }
- loss: { from: primary, to: replica, percent: 30 }
- rate: { from: primary, to: replica, rate: 1Mbit }
- heal: { from: primary, to: replica }
- heal: replica
- heal: all
- fill: small
- { corrupt: t, on: replica }
- corrupt: { table: public.t, block: 7 }
- heal: all
",
        )
        .replace(
            "  primary: {}\n",
            "  primary: {}\n  small: { disk: 512MB }\n",
        ),
    );
    let json = serde_json::to_string(&loaded.scenario.steps).expect("JSON");
    let back: Vec<crate::scenario::step::Step> = serde_json::from_str(&json).expect("steps");
    assert_eq!(back, loaded.scenario.steps);
    let last = loaded.scenario.steps.last().map(|step| &step.action);
    assert!(matches!(last, Some(Action::Heal(heal)) if heal.is_all()));
}

#[test]
fn faults_of_networks_have_two_sides() {
    let shown = wrong(&steps(
        "\
- partition: primary
- partition: [primary, replik]
- partition: { from: primary, to: [replica, primary] }
- partition: { from: [primary, replica], one_way: true }
- isolate: all
- fill: replica
- delay: { from: primary, to: replica, time: 10ms, jitter: 20ms }
- rate: { from: primary, to: primary, rate: 1Mbit }
- heal: everything
- { heal: all, on: primary }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: a partition is between two nodes or more
     --> a.yaml:6:3
      |
    6 | - partition: primary
      |   ^^^^^^^^^
      |
      = help: name two nodes, or write `isolate` to cut one off from all others

    error: there is no node `replik`
     --> a.yaml:7:3
      |
    7 | - partition: [primary, replik]
      |   ^^^^^^^^^
      |
      = help: did you mean `replica`?

    error: `primary` is on both sides
     --> a.yaml:8:35
      |
    8 | - partition: { from: primary, to: [replica, primary] }
      |                                   ^

    error: one way from whom to whom?
     --> a.yaml:9:42
      |
    9 | - partition: { from: [primary, replica], one_way: true }
      |                                          ^^^^^^^
      |
      = help: `to` names those who no longer hear `from`

    error: there is no node `all`
      --> a.yaml:10:12
       |
    10 | - isolate: all
       |            ^^^
       |
       = help: the nodes are `primary` and `replica`

    error: the data disk of `replica` has no bounds and cannot be filled
      --> a.yaml:11:9
       |
    11 | - fill: replica
       |         ^^^^^^^
       |
       = help: add `disk: 512MB` to `nodes.replica`

    error: what varies by more than it is delayed would arrive before it is sent
      --> a.yaml:12:60
       |
    12 | - delay: { from: primary, to: replica, time: 10ms, jitter: 20ms }
       |                                                            ^^^^

    error: `primary` is on both sides
      --> a.yaml:13:30
       |
    13 | - rate: { from: primary, to: primary, rate: 1Mbit }
       |                              ^^^^^^^

    error: there is no node `everything`
      --> a.yaml:14:3
       |
    14 | - heal: everything
       |   ^^^^
       |
       = help: the nodes are `primary` and `replica`

    error: `heal` takes no `on`
      --> a.yaml:15:16
       |
    15 | - { heal: all, on: primary }
       |                ^^
       |
       = help: it says itself which nodes it is about
    "#);
}

#[test]
fn amounts_of_faults_have_a_range_and_a_unit() {
    let shown = wrong(&steps(
        "\
- delay: { from: primary, to: replica }
- loss: { from: primary, to: replica, percent: 130 }
- rate: { from: primary, to: replica, rate: fast }
- rate: { from: primary, to: replica, rate: 1 }
- partition: { from: [primary], two: [replica] }
",
    ));
    insta::assert_snapshot!(shown, @r#"
    error: the key `time` is missing
     --> a.yaml:6:10
      |
    6 | - delay: { from: primary, to: replica }
      |          ^

    error: `130` is not a percentage: it is above 0 and at most 100
     --> a.yaml:7:48
      |
    7 | - loss: { from: primary, to: replica, percent: 130 }
      |                                                ^^^

    error: `fast` is not a rate: it begins with no number, or its unit is none of bit, kbit, Mbit, Gbit, B, kB, MB and GB
     --> a.yaml:8:45
      |
    8 | - rate: { from: primary, to: replica, rate: fast }
      |                                             ^^^^

    error: `1` is not a rate: it has no unit: 1Mbit is 1000 kbit, 128kB are 1024 kbit and more
     --> a.yaml:9:45
      |
    9 | - rate: { from: primary, to: replica, rate: 1 }
      |                                             ^

    error: `two` is none of the keys here
      --> a.yaml:10:33
       |
    10 | - partition: { from: [primary], two: [replica] }
       |                                 ^^^
       |
       = help: did you mean `to`?
    "#);
}

#[test]
fn a_data_disk_has_room_for_a_cluster() {
    let shown = wrong("name: a\nnodes:\n  primary: { disk: 1MB }\n  other: { disk: much }\n");
    insta::assert_snapshot!(shown, @r#"
    error: `1MB`: a data disk has between 128MB and 64GB
     --> a.yaml:3:20
      |
    3 |   primary: { disk: 1MB }
      |                    ^^^

    error: `much` is not a size: it begins with no number
     --> a.yaml:4:18
      |
    4 |   other: { disk: much }
      |                  ^^^^
    "#);
}

#[test]
fn a_scenario_requires_what_a_kernel_can_lack() {
    use crate::scenario::Feature;
    let one = good(&format!("{LAB}requires: netem\n"));
    assert_eq!(one.scenario.requires, [Feature::Netem]);
    let two = good(&format!("{LAB}requires: [netem, htb]\n"));
    assert_eq!(two.scenario.requires, [Feature::Netem, Feature::Htb]);
    let shown = wrong(&format!("{LAB}requires: [netem, wings]\n"));
    insta::assert_snapshot!(shown, @r#"
    error: `wings` is none of the words here
     --> a.yaml:5:19
      |
    5 | requires: [netem, wings]
      |                   ^^^^^
      |
      = help: the words are `netem` and `htb`
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

    error: a lag has a bound
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

    error: every line has that
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
