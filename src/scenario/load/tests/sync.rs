//! `synchronous_standby_names` and the standbys there are.

use super::wrong;

#[test]
fn a_synchronous_standby_that_is_none_is_refused() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { synchronous_standby_names: \"FIRST 1 (replica, replica_nod)\" } }
  replica: { standby_of: primary, application_name: replica_node }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: no standby of `primary` calls itself `replica`
     --> a.yaml:3:49
      |
    3 |   primary: { conf: { synchronous_standby_names: "FIRST 1 (replica, replica_nod)" } }
      |                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: the only choice is `replica_node`

    error: no standby of `primary` calls itself `replica_nod`
     --> a.yaml:3:49
      |
    3 |   primary: { conf: { synchronous_standby_names: "FIRST 1 (replica, replica_nod)" } }
      |                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `replica_node`?
    "#);
}

#[test]
fn more_answers_than_standbys_would_block_for_ever() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { synchronous_standby_names: ANY 2 (*) } }
  replica: { standby_of: primary }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: every commit on `primary` would wait for ever: 2 standbys must answer, and 1 can
     --> a.yaml:3:49
      |
    3 |   primary: { conf: { synchronous_standby_names: ANY 2 (*) } }
      |                                                 ^^^^^^^^^
      |
      = help: lower the number, or list more standbys
    "#);
}

#[test]
fn a_list_of_standbys_is_written_as_postgresql_reads_it() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { synchronous_standby_names: ANY (replica) } }
  other: { conf: { synchronous_standby_names: my-replica } }
  replica: { standby_of: primary }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `ANY (replica)` lists no standbys: the number of standbys is wanted where `(` stands
     --> a.yaml:3:49
      |
    3 |   primary: { conf: { synchronous_standby_names: ANY (replica) } }
      |                                                 ^^^^^^^^^^^^^
      |
      = help: the forms are `a, b`, `*`, `FIRST 1 (a, b)` and `ANY 1 (a, b)`

    error: `my-replica` lists no standbys: `-` is neither part of a name nor a sign of the list
     --> a.yaml:4:47
      |
    4 |   other: { conf: { synchronous_standby_names: my-replica } }
      |                                               ^^^^^^^^^^
      |
      = help: put a name that has a `-` in double quotes
    "#);
}

#[test]
fn a_standby_waits_for_no_standby_of_its_own() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  relay:
    standby_of: primary
    conf: { synchronous_standby_names: leaf }
  leaf: { standby_of: relay }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `relay` is a standby, and nobody waits for the standbys of a standby
     --> a.yaml:6:13
      |
    6 |     conf: { synchronous_standby_names: leaf }
      |             ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: synchronous replication is from a primary to its own standbys
    "#);
}
