//! Keys that are unknown, missing or there twice.

use super::wrong;

#[test]
fn an_error_in_a_merged_mapping_is_shown_once_where_it_is_written() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: &base
    conf: &conf { wal_keep_size: 64mb }
  replica:
    <<: *base
    standby_of: primary
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `wal_keep_size`: `64mb` is not a size: `mb` is no unit, the units are B, kB, MB, GB and TB
     --> a.yaml:4:34
      |
    4 |     conf: &conf { wal_keep_size: 64mb }
      |                                  ^^^^
      |
      = help: did you mean `MB`?
    "#);
}

#[test]
fn an_unknown_key_is_shown_with_the_one_that_was_meant() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  replica:
    standby_off: primary
titel: A
graph: []
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `standby_off` is none of the keys of a node
     --> a.yaml:5:5
      |
    5 |     standby_off: primary
      |     ^^^^^^^^^^^
      |
      = help: did you mean `standby_of`?

    error: `titel` is none of the keys of a scenario
     --> a.yaml:6:1
      |
    6 | titel: A
      | ^^^^^
      |
      = help: did you mean `title`?

    error: `graph` is none of the keys of a scenario
     --> a.yaml:7:1
      |
    7 | graph: []
      | ^^^^^
      |
      = help: the keys of a scenario are `name`, `title`, `about`, `postgres`, `auth`, `host_auth`, `tls`, `archive`, `replication_user`, `database`, `network`, `nodes`, `services`, `data`, `requires`, `steps`, `limit` and `teardown`
    "#);
}

#[test]
fn a_node_written_twice_is_refused() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  replica: { standby_of: primary }
  replica: { standby_of: primary }
name: b
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `replica` is here twice
     --> a.yaml:5:3
      |
    5 |   replica: { standby_of: primary }
      |   ^^^^^^^
      |
      = help: each name is written once in a mapping

    error: `name` is here twice
     --> a.yaml:6:1
      |
    6 | name: b
      | ^^^^
      |
      = help: each name is written once in a mapping
    "#);
}

#[test]
fn a_setting_written_twice_in_two_cases_is_refused() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    conf:
      work_mem: 4MB
      Work_Mem: 8MB
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `Work_Mem` is here twice
     --> a.yaml:6:7
      |
    6 |       Work_Mem: 8MB
      |       ^^^^^^^^
      |
      = help: PostgreSQL does not tell upper from lower case in names
    "#);
}

#[test]
fn missing_keys_are_named() {
    let shown = wrong(
        "\
title: nothing else
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: the key `name` is missing
     --> a.yaml:1:1
      |
    1 | title: nothing else
      | ^^^^^

    error: the key `nodes` is missing
     --> a.yaml:1:1
      |
    1 | title: nothing else
      | ^^^^^
    "#);
}

#[test]
fn no_nodes_at_all_are_refused() {
    let shown = wrong(
        "\
name: a
nodes: {}
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: there are no nodes
     --> a.yaml:2:8
      |
    2 | nodes: {}
      |        ^
      |
      = help: write at least `primary: {}`
    "#);
}

#[test]
fn errors_of_every_kind_are_reported_in_one_run() {
    let shown = wrong(
        "\
name: a
titel: x
nodes:
  primary:
    conf: { port: 1, wal_keep_size: 64mb }
  replica: { standby_of: primry, slot: [] }
  leaf: { standby_of: 5, slot: none }
data: [shoping]
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `titel` is none of the keys of a scenario
     --> a.yaml:2:1
      |
    2 | titel: x
      | ^^^^^
      |
      = help: did you mean `title`?

    error: `port` is set by `lab` itself
     --> a.yaml:5:13
      |
    5 |     conf: { port: 1, wal_keep_size: 64mb }
      |             ^^^^
      |
      = help: every node listens on 5432, and Docker chooses the port on the host

    error: `wal_keep_size`: `64mb` is not a size: `mb` is no unit, the units are B, kB, MB, GB and TB
     --> a.yaml:5:37
      |
    5 |     conf: { port: 1, wal_keep_size: 64mb }
      |                                     ^^^^
      |
      = help: did you mean `MB`?

    error: `replica` streams from `primry`, which is no node
     --> a.yaml:6:26
      |
    6 |   replica: { standby_of: primry, slot: [] }
      |                          ^^^^^^
      |
      = help: did you mean `primary`?

    error: text is wanted, not a list
     --> a.yaml:6:40
      |
    6 |   replica: { standby_of: primry, slot: [] }
      |                                        ^

    error: text is wanted, not the number `5`
     --> a.yaml:7:23
      |
    7 |   leaf: { standby_of: 5, slot: none }
      |                       ^
      |
      = help: put it in quotes

    error: there is no dataset `shoping`
     --> a.yaml:8:8
      |
    8 | data: [shoping]
      |        ^^^^^^^
      |
      = help: did you mean `shopping`?
    "#);
}
