//! Nodes that start later.

use super::{good, wrong};

#[test]
fn a_standby_may_start_later() {
    good(
        "\
name: a
nodes:
  primary: { conf: { synchronous_standby_names: 'FIRST 1 (late, near)' } }
  near: { standby_of: primary }
  late: { standby_of: primary, start: later }
  leaf: { standby_of: late, start: later }
",
    );
}

#[test]
fn what_begins_with_the_lab_needs_upstreams_that_do() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  late: { standby_of: primary, start: later }
  leaf: { standby_of: late }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `leaf` begins with the lab, and its upstream `late` starts later
     --> a.yaml:5:23
      |
    5 |   leaf: { standby_of: late }
      |                       ^^^^
      |
      = help: write `start: later` at `leaf` too, or leave it out at `late`
    "#);
}

#[test]
fn a_primary_starts_with_the_lab_and_memory_is_for_what_runs() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: {}
  spare: { start: later }
  late: { standby_of: primary, start: later, disk: 512MB }
  never: { standby_of: primary, start: never }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `spare` starts later, and has no `standby_of`: only a standby may
     --> a.yaml:4:19
      |
    4 |   spare: { start: later }
      |                   ^^^^^
      |
      = help: name whose base backup it begins with; a `restore` step makes a primary of it

    error: `late` has a `disk`, which is memory, and starts later
     --> a.yaml:5:46
      |
    5 |   late: { standby_of: primary, start: later, disk: 512MB }
      |                                              ^^^^
      |
      = help: memory holds nothing for a node that does not run: leave one of the two out

    error: `never` is none of the words here
     --> a.yaml:6:40
      |
    6 |   never: { standby_of: primary, start: never }
      |                                        ^^^^^
      |
      = help: the words are `now` and `later`
    "#);
}

#[test]
fn commits_do_not_wait_from_the_beginning_for_who_comes_later() {
    let shown = wrong(
        "\
name: a
nodes:
  primary: { conf: { synchronous_standby_names: late } }
  late: { standby_of: primary, start: later }
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: every commit on `primary` would wait for a standby that starts later: 1 must answer, and 0 start with the lab
     --> a.yaml:3:49
      |
    3 |   primary: { conf: { synchronous_standby_names: late } }
      |                                                 ^^^^
      |
      = help: leave it out, and `set: { synchronous_standby_names: … }` in a step once they stream
    "#);
}
