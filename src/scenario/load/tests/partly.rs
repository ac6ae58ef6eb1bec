//! A file of which a part was not understood: what is wrong with the rest is said all the same, and nothing that follows from
//! the part.

use super::wrong;

const LAB: &str = "name: a\nnodes:\n  primary: {}\n  replica: { standby_of: primary }\n";

/// The messages alone, each with its line and column.
fn said(text: &str) -> String {
    let shown = wrong(text);
    let lines = shown
        .lines()
        .filter(|line| line.starts_with("error:") || line.contains("--> "));
    let lines: Vec<&str> = lines.map(str::trim).collect();
    lines.join("\n")
}

#[test]
fn a_step_that_is_not_understood_hides_no_other() {
    let shown = said(&format!(
        "{LAB}steps:\n\
- freze: replica
- {{ sql: SELECT 1, freeze: replica }}
- stop: nobody
- {{ sql: SELECT 1, within: soon, on: nowhere }}
- repeat:
    over: [1]
    as: round
    steps:
    - slep: 1
    - kill: somebody
    - promote: replica
- {{ streaming: replica, capture: x }}
teardown:
- start: noone
- nothing
"
    ));
    insta::assert_snapshot!(shown, @"
    error: `freze` is neither an action nor a check
    --> a.yaml:6:3
    error: this step has two actions, `sql` and `freeze`
    --> a.yaml:7:20
    error: there is no node `nobody`
    --> a.yaml:8:3
    error: `soon` is not a duration: it begins with no number
    --> a.yaml:9:28
    error: `slep` is neither an action nor a check
    --> a.yaml:14:7
    error: there is no node `somebody`
    --> a.yaml:15:13
    error: `streaming` takes no `capture`
    --> a.yaml:17:25
    error: there is no node `noone`
    --> a.yaml:19:10
    error: a mapping with an action, such as `sql: …`, is wanted, not the text `nothing`
    --> a.yaml:20:3
    ");
}

#[test]
fn nothing_is_said_that_a_step_which_is_not_understood_may_have_done() {
    let shown = said(
        &format!(
            "{LAB}steps:\n\
- {{ sqll: SELECT 1, capture: v, session: s, name: first }}
- sql: SELECT ${{v}}
- finish: s
- {{ log: x, since: first }}
- follw: {{ node: primary, upstream: replica }}
- promote: primary
- not: {{ streaming: primary }}
- bakup: monday
- clone: {{ node: replica, backup: monday, upstream: primary }}
"
        )
        .replace("{ log: x, since: first }", "log: { has: x, since: first }"),
    );
    insta::assert_snapshot!(shown, @"
    error: `sqll` is neither an action nor a check
    --> a.yaml:6:5
    error: `follw` is neither an action nor a check
    --> a.yaml:10:3
    error: `bakup` is neither an action nor a check
    --> a.yaml:13:3
    ");
}

#[test]
fn the_topology_is_looked_at_whatever_the_steps_are() {
    let shown = said(
        "\
name: a
nodes:
  primary: {}
  replica: { standby_of: primry }
steps: nothing
teardown:
- finish: writer
- stop: nobody
",
    );
    insta::assert_snapshot!(shown, @"
    error: `replica` streams from `primry`, which is no node
    --> a.yaml:4:26
    error: a list of steps is wanted, not the text `nothing`
    --> a.yaml:5:8
    error: there is no node `nobody`
    --> a.yaml:8:3
    ");
}
