//! Faults in steps: how they are written, and what they need.

use super::steps::{LAB, steps};
use super::{good, wrong};
use crate::action::Action;

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
    let back: Vec<crate::action::Step> = serde_json::from_str(&json).expect("steps");
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

    error: `one_way` needs two sides
     --> a.yaml:9:42
      |
    9 | - partition: { from: [primary, replica], one_way: true }
      |                                          ^^^^^^^
      |
      = help: `to` names the nodes that no longer receive from `from`

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
    use crate::action::Feature;
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
