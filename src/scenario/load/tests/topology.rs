//! Nodes and what they stream from.

use super::{good, wrong};

#[test]
fn a_reference_to_no_node_is_shown_with_the_one_that_was_meant() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  replica: { standby_of: primry }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `replica` streams from `primry`, which is no node
     --> a.yaml:4:26
      |
    4 |   replica: { standby_of: primry }
      |                          ^^^^^^
      |
      = help: did you mean `primary`?
    "#);
}

#[test]
fn no_primary_is_refused() {
    let shown = wrong(
        "\
name: a
nodes:
  replica: { standby_of: primary }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: there is no primary: every node has `standby_of`
     --> a.yaml:2:1
      |
    2 | nodes:
      | ^^^^^
      |
      = help: a node without `standby_of` is a primary

    error: `replica` streams from `primary`, which is no node
     --> a.yaml:3:26
      |
    3 |   replica: { standby_of: primary }
      |                          ^^^^^^^
      |
      = help: there are no other nodes
    "#);
}

#[test]
fn a_node_does_not_stream_from_itself() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { standby_of: primary }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `primary` streams from itself
     --> a.yaml:3:26
      |
    3 |   primary: { standby_of: primary }
      |                          ^^^^^^^
      |
      = help: `standby_of` names another node; a primary has none
    "#);
}

#[test]
fn a_loop_is_named() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  a: { standby_of: c }
  b: { standby_of: a }
  c: { standby_of: b }
  d: { standby_of: a }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: the upstreams go in a loop: `a` → `c` → `b` → `a`
     --> a.yaml:4:20
      |
    4 |   a: { standby_of: c }
      |                    ^
      |
      = help: one of them must be a primary, or stream from a node outside the loop
    "#);
}

#[test]
fn standbys_keys_belong_to_standbys() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    slot: none
    application_name: boss
    conf: { recovery_min_apply_delay: 5s }
  replica:
    standby_of: primary
    conf: { hot_standby: off }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `slot` is a standby's key, and `primary` has no `standby_of`
     --> a.yaml:4:5
      |
    4 |     slot: none
      |     ^^^^
      |
      = help: write `slot` at the standby that streams from `primary`

    error: `application_name` is a standby's key, and `primary` has no `standby_of`
     --> a.yaml:5:5
      |
    5 |     application_name: boss
      |     ^^^^^^^^^^^^^^^^
      |
      = help: write `application_name` at the standby that streams from `primary`

    error: `primary` is a primary and applies nothing, so nothing is delayed
     --> a.yaml:6:13
      |
    6 |     conf: { recovery_min_apply_delay: 5s }
      |             ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: set it at a standby

    error: `replica` would answer no query, and nothing could be proven of it
     --> a.yaml:9:26
      |
    9 |     conf: { hot_standby: off }
      |                          ^^^
      |
      = help: leave `hot_standby` on
    "#);
}

#[test]
fn standbys_of_one_upstream_differ_in_name_and_slot() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  a: { standby_of: primary, application_name: twin, slot: b }
  b: { standby_of: primary, application_name: Twin }
  c: { standby_of: a, slot: b }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `a` and `b` both stream through the slot `b`
     --> a.yaml:5:3
      |
    5 |   b: { standby_of: primary, application_name: Twin }
      |   ^
      |
      = help: one slot serves one standby at a time

    error: `a` and `b` both call themselves `Twin`
     --> a.yaml:5:47
      |
    5 |   b: { standby_of: primary, application_name: Twin }
      |                                               ^^^^
      |
      = help: `primary` tells its standbys apart by `application_name`
    "#);
}

#[test]
fn major_versions_do_not_mix() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { postgres: postgres:16.4 }
  a: { standby_of: primary }
  b: { standby_of: primary, postgres: 15 }
  c: { standby_of: primary, postgres: my/image }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `a` runs PostgreSQL 17 and streams from `primary`, which runs 16
     --> a.yaml:4:20
      |
    4 |   a: { standby_of: primary }
      |                    ^^^^^^^
      |
      = help: physical replication needs one major version on both ends

    error: `b` runs PostgreSQL 15 and streams from `primary`, which runs 16
     --> a.yaml:5:39
      |
    5 |   b: { standby_of: primary, postgres: 15 }
      |                                       ^^
      |
      = help: physical replication needs one major version on both ends
    "#);
}

#[test]
fn the_superuser_is_not_the_replication_user() {
    let shown = wrong(
        "\
name: a
replication_user: { name: postgres }
database: template1
nodes: { primary: {} }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `postgres` is the superuser that `lab` itself connects as
     --> a.yaml:2:27
      |
    2 | replication_user: { name: postgres }
      |                           ^^^^^^^^
      |
      = help: name a role of its own: `replication_user`

    error: `template1` is what new databases are copied from
     --> a.yaml:3:11
      |
    3 | database: template1
      |           ^^^^^^^^^
      |
      = help: name a database of its own: `shopping`
    "#);
}

#[test]
fn a_connection_limit_leaves_room_for_every_standby_and_a_base_backup() {
    let shown = wrong(
        "\
name: a
replication_user: { connection_limit: 2 }
nodes:
  primary: {}
  a: { standby_of: primary }
  b: { standby_of: primary }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: the limit is 2, and `primary` needs 3 connections: 2 for standbys, 1 more while a base backup runs
     --> a.yaml:2:39
      |
    2 | replication_user: { connection_limit: 2 }
      |                                       ^
      |
      = help: write at least 3, or leave it out
    "#);
}

#[test]
fn a_base_backup_for_a_node_of_its_own_is_counted() {
    let shown = wrong(
        "\
name: a
replication_user: { connection_limit: 2 }
nodes:
  primary:
    conf: { max_wal_senders: 3 }
    publications: { pub: { tables: all } }
  near: { standby_of: primary }
  copy: { restored_from: primary }
  other: { subscriptions: { sub: { upstream: primary, publications: [pub] } } }
data: [shopping]
",
    );
    insta::assert_snapshot!(shown, @"
    error: the limit is 2, and `primary` needs 4 connections: 1 for standbys, 1 for subscriptions, 2 for the base backup of `copy`
     --> a.yaml:2:39
      |
    2 | replication_user: { connection_limit: 2 }
      |                                       ^
      |
      = help: write at least 4, or leave it out

    error: `max_wal_senders` is 3, and `primary` needs 4: 1 for standbys, 1 for subscriptions, 2 for the base backup of `copy`
     --> a.yaml:5:30
      |
    5 |     conf: { max_wal_senders: 3 }
      |                              ^
      |
      = help: write at least 4, or leave it out
    ");
    // Its subscription comes when the backup is over.
    let text = |limit: u32| {
        format!(
            "name: a\nreplication_user: {{ connection_limit: {limit} }}\nnodes:\n  \
             primary: {{ publications: {{ pub: {{ tables: all }} }} }}\n  copy:\n    restored_from: primary\n    \
             subscriptions: {{ own: {{ upstream: primary, publications: [pub], copy_data: false }} }}\ndata: [shopping]\n"
        )
    };
    good(&text(2));
    let shown = wrong(&text(1));
    assert!(shown.contains("2 for the base backup of `copy`"), "{shown}");
}

#[test]
fn a_node_that_another_begins_with_replicates() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { wal_level: minimal, max_wal_senders: 0 } }
  copy: { restored_from: primary }
",
    );
    insta::assert_snapshot!(shown, @"
    error: `wal_level` is `minimal`, and `primary` replicates
     --> a.yaml:3:33
      |
    3 |   primary: { conf: { wal_level: minimal, max_wal_senders: 0 } }
      |                                 ^^^^^^^
      |
      = help: write `replica`, which is PostgreSQL's default, or `logical`

    error: `max_wal_senders` is 0, and `primary` needs 2: 2 for the base backup of `copy`
     --> a.yaml:3:59
      |
    3 |   primary: { conf: { wal_level: minimal, max_wal_senders: 0 } }
      |                                                           ^
      |
      = help: write at least 2, or leave it out
    ");
}

#[test]
fn a_node_s_name_means_nothing_else() {
    let shown = wrong(
        "\
name: a
nodes:
  all: {}
  gateway: { standby_of: all }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: a node cannot be called `all`, which means every node, as in `heal: all`
     --> a.yaml:3:3
      |
    3 |   all: {}
      |   ^^^
      |
      = help: give it another name

    error: a node cannot be called `gateway`, which means this host, in a line of `hba`
     --> a.yaml:4:3
      |
    4 |   gateway: { standby_of: all }
      |   ^^^^^^^
      |
      = help: give it another name
    "#);
}
