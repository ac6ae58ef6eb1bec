//! A node's own lines of `pg_hba.conf`.

use super::{good, wrong};
use crate::hba::{Address, ConnectionType, Database, Method};

#[test]
fn a_line_is_about_everybody_by_default() {
    let loaded = good(
        "\
name: a
tls: true
nodes:
  primary:
    hba:
      - { address: replica, method: reject }
      - { type: hostssl, database: replication, user: all, address: 10.0.0.0/8, method: cert }
  replica: { standby_of: primary }
",
    );
    let hba = &loaded.scenario.nodes.0[0].1.hba;
    assert_eq!(hba[0].kind, ConnectionType::Host);
    assert_eq!(hba[0].database, Database::All);
    assert_eq!(hba[0].user, None);
    let replica = Address::Node("replica".parse().expect("a name"));
    assert_eq!(hba[0].address, replica);
    assert_eq!(hba[0].method, Method::Reject);
    assert_eq!(hba[1].kind, ConnectionType::HostSsl);
    assert_eq!(hba[1].database, Database::Replication);
}

#[test]
fn a_line_that_names_nobody_or_that_no_server_takes_is_refused() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    hba:
      - { type: hostsll, address: replca, method: cert }
      - { address: 10.0.0.1, method: sha }
      - { address: 10.0.0.0/33, method: md5 }
      - { address: Replica, method: cert }
      - { type: hostnossl, address: primary, method: cert }
  replica: { standby_of: primary }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `hostsll` is no type
     --> a.yaml:5:17
      |
    5 |       - { type: hostsll, address: replca, method: cert }
      |                 ^^^^^^^
      |
      = help: did you mean `hostssl`?

    error: `replca` is neither a node, nor a service, nor `gateway`
     --> a.yaml:5:35
      |
    5 |       - { type: hostsll, address: replca, method: cert }
      |                                   ^^^^^^
      |
      = help: did you mean `replica`?

    error: `10.0.0.1` is neither the name of a node or a service, nor `gateway`, nor a network
     --> a.yaml:6:20
      |
    6 |       - { address: 10.0.0.1, method: sha }
      |                    ^^^^^^^^
      |
      = help: one address is written as `10.0.0.1/32`

    error: `sha` is no method
     --> a.yaml:6:38
      |
    6 |       - { address: 10.0.0.1, method: sha }
      |                                      ^^^
      |
      = help: the words are `trust`, `reject`, `md5`, `scram-sha-256`, `password` and `cert`

    error: `10.0.0.0/33` is neither the name of a node or a service, nor `gateway`, nor a network
     --> a.yaml:7:20
      |
    7 |       - { address: 10.0.0.0/33, method: md5 }
      |                    ^^^^^^^^^^^
      |
      = help: after the `/` comes a number from 0 to 32

    error: `Replica` is neither the name of a node or a service, nor `gateway`, nor a network
     --> a.yaml:8:20
      |
    8 |       - { address: Replica, method: cert }
      |                    ^^^^^^^
      |
      = help: a network is written as `10.0.0.0/8`

    error: `cert` goes with `hostssl` alone, not with `host`
     --> a.yaml:8:37
      |
    8 |       - { address: Replica, method: cert }
      |                                     ^^^^
      |
      = help: write `type: hostssl`

    error: `primary` has a line for itself
     --> a.yaml:9:37
      |
    9 |       - { type: hostnossl, address: primary, method: cert }
      |                                     ^^^^^^^
      |
      = help: it connects to itself by its socket: name another node

    error: `cert` goes with `hostssl` alone, not with `hostnossl`
     --> a.yaml:9:54
      |
    9 |       - { type: hostnossl, address: primary, method: cert }
      |                                                      ^^^^
      |
      = help: write `type: hostssl`
    "#);
}

#[test]
fn a_line_is_a_mapping_with_an_address_and_a_method() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    hba:
      - { addres: replica, user: Postgres }
      - host all all all trust
  replica: { standby_of: primary, hba: {} }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: the key `address` is missing
     --> a.yaml:5:9
      |
    5 |       - { addres: replica, user: Postgres }
      |         ^

    error: the key `method` is missing
     --> a.yaml:5:9
      |
    5 |       - { addres: replica, user: Postgres }
      |         ^

    error: `addres` is none of the keys of a line
     --> a.yaml:5:11
      |
    5 |       - { addres: replica, user: Postgres }
      |           ^^^^^^
      |
      = help: did you mean `address`?

    error: `Postgres` is not a role's name: lower-case letters, digits and `_`, a letter or `_` first, at most 63 characters, not starting with `pg_`
     --> a.yaml:5:34
      |
    5 |       - { addres: replica, user: Postgres }
      |                                  ^^^^^^^^

    error: a mapping is wanted, not the text `host all all all trust`
     --> a.yaml:6:9
      |
    6 |       - host all all all trust
      |         ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: the keys of a line are `type`, `database`, `user`, `address` and `method`

    error: a list of lines is wanted, not a mapping
     --> a.yaml:7:40
      |
    7 |   replica: { standby_of: primary, hba: {} }
      |                                        ^
    "#);
}

#[test]
fn the_gateway_is_the_host_and_no_node() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { hba: [{ address: gateway, method: reject }] }
  gateway: {}
",
    );
    assert!(shown.contains("a node has that name too"), "{shown}");
}

#[test]
fn a_line_that_can_match_nothing_is_refused() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    hba:
      - { type: hostssl, address: replica, method: trust }
      - { type: hostssl, address: replica, method: cert }
      - { database: replication, address: gateway, method: md5 }
      - { address: gateway, user: app, method: md5 }
      - { type: hostnossl, database: shopping, address: gateway, method: reject }
      - { database: Shopping, address: gateway, method: reject }
  replica: { standby_of: primary }
  other: { conf: { ssl: yes, ssl_cert_file: a.crt }, hba: [{ type: hostssl, address: replica, method: md5 }] }
",
    );
    insta::assert_snapshot!(shown, @"
    error: this line matches no connection: `ssl` is off on `primary`, and PostgreSQL does no more than log a warning
     --> a.yaml:5:17
      |
    5 |       - { type: hostssl, address: replica, method: trust }
      |                 ^^^^^^^
      |
      = help: write `tls: true` at the top of the scenario, or `type: host`

    error: this line matches no connection: `ssl` is off on `primary`, and PostgreSQL does no more than log a warning
     --> a.yaml:6:17
      |
    6 |       - { type: hostssl, address: replica, method: cert }
      |                 ^^^^^^^
      |
      = help: write `tls: true` at the top of the scenario

    error: this line never decides: the host's own line stands before it and lets every role into every database
     --> a.yaml:8:20
      |
    8 |       - { address: gateway, user: app, method: md5 }
      |                    ^^^^^^^
      |
      = help: leave it out; physical replication alone is left to decide: `database: replication`

    error: this line never decides: the host's own line stands before it and lets every role into every database
     --> a.yaml:9:57
      |
    9 |       - { type: hostnossl, database: shopping, address: gateway, method: reject }
      |                                                         ^^^^^^^
      |
      = help: leave it out; physical replication alone is left to decide: `database: replication`

    error: `Shopping` is not a database's name: lower-case letters, digits and `_`, a letter or `_` first, at most 63 characters
      --> a.yaml:10:21
       |
    10 |       - { database: Shopping, address: gateway, method: reject }
       |                     ^^^^^^^^
    ");
}

#[test]
fn a_certificate_for_whom_none_is_made_is_not_asked_for() {
    let shown = wrong(
        "\
name: a
tls: true
nodes:
  primary:
    hba:
      - { type: hostssl, database: replication, user: replication_user, address: replica, method: cert }
      - { type: hostssl, database: shopping, address: replica, method: cert }
      - { type: hostssl, database: shopping, user: app, address: replica, method: cert }
  replica: { standby_of: primary }
",
    );
    insta::assert_snapshot!(shown, @"
    error: nobody has a certificate for `app`: `tls: true` makes them for `replication_user` alone
     --> a.yaml:8:52
      |
    8 |       - { type: hostssl, database: shopping, user: app, address: replica, method: cert }
      |                                                    ^^^
      |
      = help: write `user: replication_user`, or another method
    ");
}

#[test]
fn with_tls_its_settings_are_not_written() {
    let text =
        |tls| format!("name: a\ntls: {tls}\nnodes:\n  primary: {{ conf: {{ ssl: off }} }}\n");
    good(&text(false));
    insta::assert_snapshot!(wrong(&text(true)), @r#"
    error: `tls: true` sets `ssl` already
     --> a.yaml:4:22
      |
    4 |   primary: { conf: { ssl: off } }
      |                      ^^^
      |
      = help: leave one of the two out
    "#);
}
