//! Settings that PostgreSQL or `lab` would refuse.

use super::wrong;

#[test]
fn settings_of_lab_are_refused_with_the_key_to_use_instead() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    conf:
      listen_addresses: '*'
      Port: 5433
      password_encryption: md5
      logging_collector: on
  replica:
    standby_of: primary
    conf:
      primary_conninfo: host=primary
      primary_slot_name: replica_slot
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `listen_addresses` is set by `lab` itself
     --> a.yaml:5:7
      |
    5 |       listen_addresses: '*'
      |       ^^^^^^^^^^^^^^^^
      |
      = help: every node listens inside the lab's network, and on 127.0.0.1 of the host

    error: `port` is set by `lab` itself
     --> a.yaml:6:7
      |
    6 |       Port: 5433
      |       ^^^^
      |
      = help: every node listens on 5432, and Docker chooses the port on the host

    error: `password_encryption` is set by `lab` itself
     --> a.yaml:7:7
      |
    7 |       password_encryption: md5
      |       ^^^^^^^^^^^^^^^^^^^
      |
      = help: say it with the key `auth` of the scenario

    error: the log would leave the container's output, where `lab logs` reads it
     --> a.yaml:8:7
      |
    8 |       logging_collector: on
      |       ^^^^^^^^^^^^^^^^^

    error: `primary_conninfo` is set by `lab` itself
      --> a.yaml:12:7
       |
    12 |       primary_conninfo: host=primary
       |       ^^^^^^^^^^^^^^^^
       |
       = help: say it with the keys `standby_of` and `application_name` of the node

    error: `primary_slot_name` is set by `lab` itself
      --> a.yaml:13:7
       |
    13 |       primary_slot_name: replica_slot
       |       ^^^^^^^^^^^^^^^^^
       |
       = help: say it with the key `slot` of the node
    "#);
}

#[test]
fn sizes_and_durations_that_are_none_are_refused() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    conf:
      wal_keep_size: 64mb
      shared_buffers: lots
      wal_sender_timeout: 5 minutes
      checkpoint_timeout: 64MB
  replica:
    standby_of: primary
    conf: { recovery_min_apply_delay: soon, hot_standby: maybe }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `wal_keep_size`: `64mb` is not a size: `mb` is no unit, the units are B, kB, MB, GB and TB
     --> a.yaml:5:22
      |
    5 |       wal_keep_size: 64mb
      |                      ^^^^
      |
      = help: did you mean `MB`?

    error: `shared_buffers`: `lots` is not a size: it begins with no number
     --> a.yaml:6:23
      |
    6 |       shared_buffers: lots
      |                       ^^^^

    error: `wal_sender_timeout`: `5 minutes` is not a duration: `minutes` is no unit, the units are us, ms, s, min, h and d
     --> a.yaml:7:27
      |
    7 |       wal_sender_timeout: 5 minutes
      |                           ^^^^^^^^^
      |
      = help: did you mean `min`?

    error: `checkpoint_timeout`: `64MB` is not a duration: `MB` is no unit, the units are us, ms, s, min, h and d
     --> a.yaml:8:27
      |
    8 |       checkpoint_timeout: 64MB
      |                           ^^^^

    error: `recovery_min_apply_delay`: `soon` is not a duration: it begins with no number
      --> a.yaml:11:39
       |
    11 |     conf: { recovery_min_apply_delay: soon, hot_standby: maybe }
       |                                       ^^^^

    error: `hot_standby` takes a boolean, and `maybe` is none
      --> a.yaml:11:58
       |
    11 |     conf: { recovery_min_apply_delay: soon, hot_standby: maybe }
       |                                                          ^^^^^
       |
       = help: write `on` or `off`
    "#);
}

#[test]
fn settings_that_do_not_exist_are_refused_where_all_are_known() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    conf:
      wal_keep_segments: 64
      max_wal_sender: 10
      server_version: 17
      my_extension.colour: blue
      io_combine_limit: 16
  older:
    postgres: 15
    conf: { io_combine_limit: 16 }
  other:
    postgres: 16
    conf: { whatever: 1 }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: PostgreSQL 17 has no setting `wal_keep_segments`
     --> a.yaml:5:7
      |
    5 |       wal_keep_segments: 64
      |       ^^^^^^^^^^^^^^^^^
      |
      = help: PostgreSQL 13 replaced it by `wal_keep_size`, a size

    error: PostgreSQL 17 has no setting `max_wal_sender`
     --> a.yaml:6:7
      |
    6 |       max_wal_sender: 10
      |       ^^^^^^^^^^^^^^
      |
      = help: did you mean `max_wal_senders`?

    error: `server_version` is reported by the server and cannot be set
     --> a.yaml:7:7
      |
    7 |       server_version: 17
      |       ^^^^^^^^^^^^^^

    error: PostgreSQL 15 has no setting `io_combine_limit`
      --> a.yaml:12:13
       |
    12 |     conf: { io_combine_limit: 16 }
       |             ^^^^^^^^^^^^^^^^
       |
       = help: PostgreSQL 17 has it, 15 has not
    "#);
}

#[test]
fn words_and_ranges_are_checked() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    conf:
      wal_level: replicca
      synchronous_commit: sometimes
      max_wal_senders: -1
      max_connections: 10MB
      checkpoint_timeout: 1s
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `wal_level` has no value `replicca`
     --> a.yaml:5:18
      |
    5 |       wal_level: replicca
      |                  ^^^^^^^^
      |
      = help: did you mean `replica`?

    error: `synchronous_commit` has no value `sometimes`
     --> a.yaml:6:27
      |
    6 |       synchronous_commit: sometimes
      |                           ^^^^^^^^^
      |
      = help: it takes local, remote_write, remote_apply, on, off

    error: `-1` is out of the range of `max_wal_senders`
     --> a.yaml:7:24
      |
    7 |       max_wal_senders: -1
      |                        ^^
      |
      = help: it takes 0 to 262143

    error: `max_connections` takes a number, and `10MB` is none
     --> a.yaml:8:24
      |
    8 |       max_connections: 10MB
      |                        ^^^^

    error: `1s` is out of the range of `checkpoint_timeout`
     --> a.yaml:9:27
      |
    9 |       checkpoint_timeout: 1s
      |                           ^^
      |
      = help: it takes 30 to 86400 s
    "#);
}

#[test]
fn a_wal_level_of_minimal_does_not_replicate() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { wal_level: minimal } }
  replica: { standby_of: primary }
  alone: { conf: { wal_level: minimal } }
  well: { conf: { wal_level: minimal, max_wal_senders: 0 } }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `wal_level` is `minimal`, and `primary` replicates
     --> a.yaml:3:33
      |
    3 |   primary: { conf: { wal_level: minimal } }
      |                                 ^^^^^^^
      |
      = help: write `replica`, which is PostgreSQL's default, or `logical`

    error: `wal_level` is `minimal`, and `max_wal_senders` is above zero
     --> a.yaml:5:31
      |
    5 |   alone: { conf: { wal_level: minimal } }
      |                               ^^^^^^^
      |
      = help: PostgreSQL starts with `minimal` only when `max_wal_senders: 0` stands beside it
    "#);
}

#[test]
fn senders_and_slots_suffice_for_the_standbys() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { max_wal_senders: 2, max_replication_slots: 1 } }
  a: { standby_of: primary }
  b: { standby_of: primary }
  c: { standby_of: primary, slot: none }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `max_wal_senders` is 2, and `primary` needs 4: 3 for standbys, 1 more while a base backup runs
     --> a.yaml:3:39
      |
    3 |   primary: { conf: { max_wal_senders: 2, max_replication_slots: 1 } }
      |                                       ^
      |
      = help: write at least 4, or leave it out

    error: `max_replication_slots` is 1, and `primary` needs 3, of which one for the base backup of `c`
     --> a.yaml:3:65
      |
    3 |   primary: { conf: { max_wal_senders: 2, max_replication_slots: 1 } }
      |                                                                 ^
      |
      = help: write at least 3, or leave it out
    "#);
}

#[test]
fn a_standby_has_no_less_than_its_upstream() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { max_connections: 200, max_worker_processes: 4 } }
  a: { standby_of: primary, conf: { max_connections: 100, max_worker_processes: 4 } }
  b: { standby_of: primary }
  c: { standby_of: b, conf: { max_connections: 199, max_wal_senders: 9, max_locks_per_transaction: 63 } }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `max_connections` is 100 on `a` and 200 on its upstream `primary`
     --> a.yaml:4:54
      |
    4 |   a: { standby_of: primary, conf: { max_connections: 100, max_worker_processes: 4 } }
      |                                                      ^^^
      |
      = help: a standby does not start with less than its upstream: write at least 200, or leave it out

    error: `max_connections` is 199 on `c` and 200 on its upstream `b`
     --> a.yaml:6:48
      |
    6 |   c: { standby_of: b, conf: { max_connections: 199, max_wal_senders: 9, max_locks_per_transaction: 63 } }
      |                                                ^^^
      |
      = help: a standby does not start with less than its upstream: write at least 200, or leave it out

    error: `max_wal_senders` is 9 on `c` and 10 on its upstream `b`
     --> a.yaml:6:70
      |
    6 |   c: { standby_of: b, conf: { max_connections: 199, max_wal_senders: 9, max_locks_per_transaction: 63 } }
      |                                                                      ^
      |
      = help: a standby does not start with less than its upstream: write at least 10, or leave it out

    error: `max_locks_per_transaction` is 63 on `c` and 64 on its upstream `b`
     --> a.yaml:6:100
      |
    6 |   c: { standby_of: b, conf: { max_connections: 199, max_wal_senders: 9, max_locks_per_transaction: 63 } }
      |                                                                                                    ^^
      |
      = help: a standby does not start with less than its upstream: write at least 64, or leave it out
    "#);
}

#[test]
fn a_standby_has_no_fewer_senders_than_many_standbys_of_its_upstream_need() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  s0: { standby_of: primary }
  s1: { standby_of: primary }
  s2: { standby_of: primary }
  s3: { standby_of: primary }
  s4: { standby_of: primary }
  s5: { standby_of: primary }
  s6: { standby_of: primary }
  last: { standby_of: primary, conf: { max_wal_senders: 10 } }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `max_wal_senders` is 10 on `last` and 12 on its upstream `primary`
      --> a.yaml:11:57
       |
    11 |   last: { standby_of: primary, conf: { max_wal_senders: 10 } }
       |                                                         ^^
       |
       = help: a standby does not start with less than its upstream: write at least 12, or leave it out
    "#);
}
