//! Recovery to a target: how it is written, and what says nothing.

use super::{good, wrong};
use crate::action::Action;

fn restores(targets: &[&str]) -> String {
    let steps: Vec<String> = targets
        .iter()
        .map(|target| format!("- restore: {{ node: copy, backup: monday{target} }}\n"))
        .collect();
    format!(
        "name: a\narchive: true\nnodes:\n  primary: {{}}\n  copy: {{ data: [] }}\nsteps:\n- backup: monday\n{}",
        steps.concat()
    )
}

#[test]
fn a_target_is_said_in_the_servers_settings() {
    let said = |target: &str| {
        let mut loaded = good(&restores(&[target]));
        let Action::Restore(restore) = loaded.scenario.steps.remove(1).action else {
            panic!("a restore");
        };
        restore.target_in_words()
    };
    assert_eq!(said(""), "the end of the archive");
    assert_eq!(said(", to: immediate"), "recovery_target = immediate");
    assert_eq!(
        said(", to: { lsn: 0/4000028 }, inclusive: false, timeline: 2"),
        "recovery_target_lsn = 0/4000028, recovery_target_inclusive = off, recovery_target_timeline = 2"
    );
    assert_eq!(
        said(", timeline: current"),
        "the end of the archive, recovery_target_timeline = current"
    );
}

#[test]
fn a_target_that_says_nothing_is_refused() {
    insta::assert_snapshot!(wrong(&restores(&[
        ", to: imediate",
        ", to: name",
        ", to: immediate, inclusive: false",
        ", inclusive: true",
        ", timeline: newest",
    ])), @r#"
    error: `imediate` is none of the words here
     --> a.yaml:8:46
      |
    8 | - restore: { node: copy, backup: monday, to: imediate }
      |                                              ^^^^^^^^
      |
      = help: did you mean `immediate`?

    error: a mapping with one key is wanted, not the text `name`
     --> a.yaml:9:46
      |
    9 | - restore: { node: copy, backup: monday, to: name }
      |                                              ^^^^

    error: `inclusive` says nothing here: `immediate` has nothing before it
      --> a.yaml:10:57
       |
    10 | - restore: { node: copy, backup: monday, to: immediate, inclusive: false }
       |                                                         ^^^^^^^^^
       |
       = help: it goes with `time`, `xid` and `lsn`

    error: `inclusive` says nothing here: the end of the archive is no recovery target
      --> a.yaml:11:42
       |
    11 | - restore: { node: copy, backup: monday, inclusive: true }
       |                                          ^^^^^^^^^
       |
       = help: it goes with `time`, `xid` and `lsn`

    error: `newest` is no timeline to recover along: `latest`, `current` or a number is
      --> a.yaml:12:52
       |
    12 | - restore: { node: copy, backup: monday, timeline: newest }
       |                                                    ^^^^^^
    "#);
}
