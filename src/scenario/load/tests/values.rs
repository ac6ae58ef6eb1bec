//! Values of the wrong type or form.

use super::wrong;

#[test]
fn a_wrong_type_says_what_is_wanted() {
    let shown = wrong(
        "\
name: 5
title: [a]
postgres: 17.2
auth: sha
nodes:
  primary: []
  replica:
    standby_of: true
    slot: ~
    conf: text
  other:
data: shopping
replication_user: { connection_limit: many, password: 12345 }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: text is wanted, not the number `5`
     --> a.yaml:1:7
      |
    1 | name: 5
      |       ^
      |
      = help: put it in quotes

    error: text is wanted, not a list
     --> a.yaml:2:8
      |
    2 | title: [a]
      |        ^

    error: a major version is a whole number, not the number `17.2`
     --> a.yaml:3:11
      |
    3 | postgres: 17.2
      |           ^^^^
      |
      = help: a minor version is chosen by its image: `postgres:17.2`

    error: `sha` is no way to authenticate
     --> a.yaml:4:7
      |
    4 | auth: sha
      |       ^^^
      |
      = help: the methods are `scram-sha-256` and `md5`

    error: a mapping is wanted, not a list
     --> a.yaml:6:12
      |
    6 |   primary: []
      |            ^
      |
      = help: the keys of a node are `postgres`, `standby_of`, `restored_from`, `application_name`, `slot`, `conf`, `data`, `publications`, `subscriptions`, `hba`, `disk`, `memory`, `cpus`, `pids`, `port` and `start`

    error: text is wanted, not the boolean `true`
     --> a.yaml:8:17
      |
    8 |     standby_of: true
      |                 ^^^^
      |
      = help: put it in quotes

    error: a slot's name is wanted, not nothing
     --> a.yaml:9:11
      |
    9 |     slot: ~
      |           ^
      |
      = help: `slot: none` streams without a slot

    error: a mapping of settings by name is wanted, not the text `text`
      --> a.yaml:10:11
       |
    10 |     conf: text
       |           ^^^^

    error: a mapping is wanted, not nothing
      --> a.yaml:11:9
       |
    11 |   other:
       |         ^
       |
       = help: write `{}` for one without keys

    error: a list of datasets, such as `[shopping, jobs]`, is wanted, not the text `shopping`
      --> a.yaml:12:7
       |
    12 | data: shopping
       |       ^^^^^^^^

    error: a whole number from 1 to 2147483647 is wanted, not the text `many`
      --> a.yaml:13:39
       |
    13 | replication_user: { connection_limit: many, password: ***** }
       |                                       ^^^^

    error: a password is text
      --> a.yaml:13:55
       |
    13 | replication_user: { connection_limit: many, password: ***** }
       |                                                       ^^^^^
       |
       = help: put it in quotes
    "#);
}

#[test]
fn bad_names_say_the_rule() {
    let shown = wrong(
        "\
name: My_Lab
database: Shop
nodes:
  primary: {}
  replica-1:
    standby_of: primary
    slot: Replica-Slot
    application_name: \"a b\"
    conf: { a.b.c: 1 }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `My_Lab` is not a lab's name: lower-case letters, digits and `-`, a letter first and no `-` last, at most 40 characters
     --> a.yaml:1:7
      |
    1 | name: My_Lab
      |       ^^^^^^

    error: `Shop` is not a database's name: lower-case letters, digits and `_`, a letter or `_` first, at most 63 characters
     --> a.yaml:2:11
      |
    2 | database: Shop
      |           ^^^^

    error: `replica-1` is not a node's name: lower-case letters, digits and `_`, a letter first, at most 32 characters
     --> a.yaml:5:3
      |
    5 |   replica-1:
      |   ^^^^^^^^^

    error: `Replica-Slot` is not a replication slot's name: lower-case letters, digits and `_`, at most 63 characters
     --> a.yaml:7:11
      |
    7 |     slot: Replica-Slot
      |           ^^^^^^^^^^^^

    error: `a b` is not an application name: letters, digits, `_` and `-`, at most 63 characters
     --> a.yaml:8:23
      |
    8 |     application_name: "a b"
      |                       ^^^^^

    error: `a.b.c` is not a setting's name: letters, digits, `_`, with at most one `.` between two parts
     --> a.yaml:9:13
      |
    9 |     conf: { a.b.c: 1 }
      |             ^^^^^
    "#);
}

#[test]
fn values_of_settings_are_scalars_of_one_line() {
    let shown = wrong(
        "\
name: a
nodes:
  primary:
    conf:
      synchronous_standby_names: [a, b]
      archive_command:
      log_line_prefix: \"a\\nb\"
      search_path: { a: b }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: a setting has one value, not a list
     --> a.yaml:5:34
      |
    5 |       synchronous_standby_names: [a, b]
      |                                  ^
      |
      = help: write a list as PostgreSQL does, as one text: `a, b`

    error: a setting needs a value
     --> a.yaml:6:23
      |
    6 |       archive_command:
      |                       ^
      |
      = help: leave the setting out, or write `''` for an empty text

    error: a setting's value is one line
     --> a.yaml:7:24
      |
    7 |       log_line_prefix: "a\nb"
      |                        ^^^^^^
      |
      = help: `postgresql.conf` has no way to write a line break

    error: text, a number or a boolean is wanted, not a mapping
     --> a.yaml:8:20
      |
    8 |       search_path: { a: b }
      |                    ^
    "#);
}

#[test]
fn a_version_that_does_not_exist_is_refused() {
    let shown = wrong(
        "\
name: a
postgres: 12
nodes:
  primary: { postgres: \"-\" }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `12` is neither a major version of PostgreSQL (13 to 18) nor an image (`postgres:17.2`)
     --> a.yaml:2:11
      |
    2 | postgres: 12
      |           ^^

    error: `-` is neither a major version of PostgreSQL (13 to 18) nor an image (`postgres:17.2`)
     --> a.yaml:4:24
      |
    4 |   primary: { postgres: "-" }
      |                        ^^^
    "#);
}

#[test]
fn datasets_are_known_or_have_files() {
    let shown = wrong(
        "\
name: a
nodes: { primary: {} }
data:
  - shoping
  - { name: jobs, rows: 0, seed: -1 }
  - { name: mine, files: [mine.sql] }
  - { name: own, files: [] }
  - { rows: 5 }
  - jobs
  - { name: shopping, files: [mine.sql] }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: there is no dataset `shoping`
     --> a.yaml:4:5
      |
    4 |   - shoping
      |     ^^^^^^^
      |
      = help: did you mean `shopping`?

    error: a whole number from 1 to 100000000 is wanted, not the number `0`
     --> a.yaml:5:25
      |
    5 |   - { name: jobs, rows: 0, seed: -1 }
      |                         ^

    error: a whole number from 0 to 4294967295 is wanted, not the number `-1`
     --> a.yaml:5:34
      |
    5 |   - { name: jobs, rows: 0, seed: -1 }
      |                                  ^^

    error: `mine.sql` cannot be found: the scenario has no folder
     --> a.yaml:6:27
      |
    6 |   - { name: mine, files: [mine.sql] }
      |                           ^^^^^^^^
      |
      = help: keep the scenario in a file beside its SQL files

    error: the list of files is empty
     --> a.yaml:7:25
      |
    7 |   - { name: own, files: [] }
      |                         ^

    error: the key `name` is missing
     --> a.yaml:8:5
      |
    8 |   - { rows: 5 }
      |     ^

    error: the dataset `jobs` is here twice
     --> a.yaml:9:5
      |
    9 |   - jobs
      |     ^^^^

    error: `shopping` is a dataset that `lab` brings along
      --> a.yaml:10:13
       |
    10 |   - { name: shopping, files: [mine.sql] }
       |             ^^^^^^^^
       |
       = help: give a dataset of your own another name

    error: `mine.sql` cannot be found: the scenario has no folder
      --> a.yaml:10:31
       |
    10 |   - { name: shopping, files: [mine.sql] }
       |                               ^^^^^^^^
       |
       = help: keep the scenario in a file beside its SQL files
    "#);
}
