//! Faults in words, as rules, and on the engine in memory.

use super::*;
use crate::action::OneOrMany;
use crate::action::heal::Heal;
use crate::action::link::{between, isolated};
use crate::action::partition::Partition;
use crate::engine::fake::Fake;
use crate::engine::{ContainerSpec, EngineErrorKind, ExecOutput, NetworkSpec};
use crate::plan::Plan;
use crate::scenario::load::{Overrides, Source, load};

fn node(name: &str) -> NodeName {
    NodeName::new(name).expect("a name")
}

fn nodes(names: &[&str]) -> OneOrMany<NodeName> {
    OneOrMany(names.iter().map(|name| node(name)).collect())
}

fn cut(faults: &mut Faults, links: Vec<Link>) {
    faults.add(links, |fault| fault.cut = true);
}

fn partition(from: &[&str], to: Option<&[&str]>, one_way: bool) -> Vec<Link> {
    let to = to.map(nodes);
    let from = nodes(from);
    Partition { from, to, one_way }.links()
}

fn heal(faults: &mut Faults, from: &[&str], to: Option<&[&str]>) -> usize {
    let (from, to) = (nodes(from), to.map(nodes));
    let heal = Heal { from, to };
    faults.heal(|link| heal.covers(link))
}

fn shown(faults: &Faults) -> String {
    lines(&faults.links).join("\n")
}

/// Faults between nodes that all have an address.
fn located(mut faults: Faults) -> Faults {
    for (last, name) in (2..).zip(["a", "b", "c"]) {
        faults
            .addresses
            .insert(node(name), Ipv4Addr::new(10, 0, 0, last));
    }
    faults
}

#[test]
fn a_partition_is_between_all_its_nodes_or_between_its_sides() {
    let mut each = Faults::default();
    cut(&mut each, partition(&["a", "b", "c"], None, false));
    assert_eq!(
        shown(&each),
        "a and b do not reach each other\na and c do not reach each other\nb and c do not reach each other"
    );
    let mut sides = Faults::default();
    cut(&mut sides, partition(&["a", "b"], Some(&["c"]), false));
    assert_eq!(
        shown(&sides),
        "a and c do not reach each other\nb and c do not reach each other"
    );
    let mut one_way = Faults::default();
    cut(&mut one_way, partition(&["a"], Some(&["b"]), true));
    assert_eq!(shown(&one_way), "packets from a to b are lost");
}

#[test]
fn a_link_that_two_faults_hit_is_whole_after_one_heal() {
    let mut faults = Faults::default();
    cut(&mut faults, partition(&["a", "b"], None, false));
    cut(
        &mut faults,
        isolated(&[node("a")], &[node("a"), node("b"), node("c")]),
    );
    assert_eq!(heal(&mut faults, &["b"], Some(&["a"])), 2);
    assert_eq!(shown(&faults), "a and c do not reach each other");
    assert_eq!(heal(&mut faults, &["b"], Some(&["a"])), 0);
    assert_eq!(heal(&mut faults, &["a"], None), 2);
    assert_eq!(faults, Faults::default());
    assert_eq!(heal(&mut faults, &["all"], None), 0);
}

#[test]
fn faults_of_one_link_add_up_and_go_together() {
    let mut faults = Faults::default();
    let link = || between(&[node("a")], &[node("b")]);
    faults.add(link(), |fault| fault.delay_ms = Some(200.0));
    faults.add(link(), |fault| fault.loss = Some(Percent(30.0)));
    assert_eq!(
        shown(&faults),
        "packets from a to b: delay 200 ms, loss 30%"
    );
    cut(&mut faults, link());
    assert_eq!(shown(&faults), "packets from a to b are lost");
    assert_eq!(heal(&mut faults, &["all"], None), 1);
}

#[test]
fn what_is_cut_is_dropped_on_both_sides() {
    let mut faults = Faults::default();
    cut(&mut faults, partition(&["a"], Some(&["b"]), true));
    let faults = located(faults);
    insta::assert_snapshot!(Rules::of(&faults, &node("a")).packets, @r#"
    table ip lab
    delete table ip lab
    table ip lab {
      chain sent {
        type filter hook output priority 0;
        ip daddr 10.0.0.3 drop
      }
      chain received {
        type filter hook input priority 0;
      }
    }
    "#);
    insta::assert_snapshot!(Rules::of(&faults, &node("b")).packets, @r#"
    table ip lab
    delete table ip lab
    table ip lab {
      chain sent {
        type filter hook output priority 0;
      }
      chain received {
        type filter hook input priority 0;
        ip saddr 10.0.0.2 drop
      }
    }
    "#);
    insta::assert_snapshot!(Rules::of(&faults, &node("c")).packets, @r#"
    table ip lab
    delete table ip lab
    "#);
}

#[test]
fn each_link_that_is_slowed_has_a_class_of_its_own() {
    let mut faults = Faults::default();
    let link = |to| between(&[node("a")], &[node(to)]);
    faults.add(link("b"), |fault| {
        fault.delay_ms = Some(200.0);
        fault.jitter_ms = Some(20.0);
        fault.loss = Some(Percent(30.0));
    });
    faults.add(link("c"), |fault| fault.rate = Some(Bandwidth(1_000_000)));
    let faults = located(faults);
    let rules = Rules::of(&faults, &node("a"));
    insta::assert_snapshot!(rules.packets, @r#"
    table ip lab
    delete table ip lab
    table ip lab {
      chain sent {
        type filter hook output priority 0;
        ip daddr 10.0.0.3 meta priority set 1:2
        ip daddr 10.0.0.4 meta priority set 1:3
      }
      chain received {
        type filter hook input priority 0;
      }
    }
    "#);
    insta::assert_snapshot!(rules.shaping, @r#"
    qdisc add dev eth0 root handle 1: htb direct_qlen 1000
    class add dev eth0 parent 1: classid 1:2 htb rate 10000000000bit quantum 15000
    qdisc add dev eth0 parent 1:2 handle 2: netem limit 10000 delay 200ms 20ms loss 30%
    class add dev eth0 parent 1: classid 1:3 htb rate 1000000bit quantum 15000
    qdisc add dev eth0 parent 1:3 handle 3: pfifo limit 1000
    "#);
    // The receiver needs no rule.
    assert_eq!(Rules::of(&faults, &node("b")).shaping, "");
}

/// A lab with a primary and a standby on the engine in memory, as far as its containers go.
async fn lab(fake: &Fake) -> Lab {
    let text = "name: pair\nnodes: { primary: {}, replica: { standby_of: primary } }\n";
    let source = Source::new("pair.yaml", text.as_bytes(), None).expect("text");
    let loaded = load(&source, &Overrides::default()).expect("a scenario");
    let plan = Plan::resolve(&loaded.scenario, &loaded.sql, None);
    fake.add_image("postgres:17");
    fake.add_image("lab-net:1");
    let claim = claim::claim(&fake.engine(), &plan).await;
    let claim = claim.expect("the name");
    let lab = &plan.lab;
    let network = NetworkSpec {
        name: labels::network_object(&claim),
        subnet: Some("10.213.0.0/27".to_owned()),
        labels: labels::of_lab(&claim),
    };
    fake.engine()
        .create_network(&network)
        .await
        .expect("a network");
    for node in &plan.nodes {
        let name = labels::node_object(lab, &node.name);
        let own = labels::of_node(&claim, &node.name);
        let power = crate::engine::NetworkPower::Own;
        let spec = ContainerSpec {
            network: Some(labels::network_object(&claim)),
            labels: own,
            power: None,
            ..beside::spec(&claim, name, "postgres:17".to_owned(), power)
        };
        let id = fake
            .engine()
            .create_container(&spec)
            .await
            .expect("a container");
        fake.engine().start_container(&id).await.expect("it starts");
    }
    Lab::find(fake.engine(), lab).await.expect("the lab")
}

fn split() -> Vec<Link> {
    partition(&["primary", "replica"], None, false)
}

async fn break_it(lab: &Lab) -> Result<Faults, LabError> {
    let never = CancellationToken::new();
    lab.change_faults(&never, |faults| cut(faults, split()))
        .await
}

fn ended_with(code: i64) -> ExecOutput {
    ExecOutput {
        code,
        stdout: Vec::new(),
        stderr: b"no".to_vec(),
    }
}

#[tokio::test]
async fn faults_are_known_from_labels_alone() {
    let fake = Fake::new();
    let lab = lab(&fake).await;
    break_it(&lab).await.expect("a partition");
    // Another process would find the lab anew like this.
    let again = Lab::find(fake.engine(), &lab.plan.lab)
        .await
        .expect("the lab");
    let faults = again.faults().await.expect("its faults");
    assert_eq!(
        shown(&faults),
        "primary and replica do not reach each other"
    );
    let never = CancellationToken::new();
    for _ in 0..2 {
        again
            .change_faults(&never, |faults| _ = faults.heal(|_| true))
            .await
            .expect("healed");
        assert_eq!(again.faults().await.expect("none"), Faults::default());
    }
    let beside = fake.made().into_iter().filter(|spec| spec.power.is_some());
    assert_eq!(
        beside.count(),
        2,
        "one container beside each node, made once"
    );
}

#[tokio::test]
async fn a_fault_that_cannot_be_had_leaves_everything_as_it_was() {
    let fake = Fake::new();
    let lab = lab(&fake).await;
    fake.answer_exec("lab-pair-replica.net", ended_with(1));
    let error = break_it(&lab).await.expect_err("a refusal");
    assert_eq!(error.to_string(), "changing the network of `replica`: no");
    assert_eq!(lab.faults().await.expect("none"), Faults::default());
    let last = fake
        .journal()
        .into_iter()
        .rfind(|call| call.starts_with("exec lab-pair-primary.net"));
    assert!(
        last.is_some_and(|call| !call.contains("drop")),
        "the primary's is taken back"
    );
}

#[tokio::test]
async fn a_node_that_was_started_anew_gets_its_faults_in_its_new_network() {
    let fake = Fake::new();
    let lab = lab(&fake).await;
    break_it(&lab).await.expect("a partition");
    fake.answer_exec("lab-pair-replica.net", ended_with(beside::STALE));
    let never = CancellationToken::new();
    lab.restore_faults(&node("replica"), &never)
        .await
        .expect("restored");
    let beside = fake
        .made()
        .into_iter()
        .filter(|spec| spec.name == "lab-pair-replica.net");
    assert_eq!(
        beside.count(),
        2,
        "another one, in the network that the node has now"
    );
    let last = fake
        .journal()
        .into_iter()
        .rfind(|call| call.starts_with("exec lab-pair-replica.net"));
    assert!(last.is_some_and(|call| call.contains("drop")));
}

#[tokio::test]
async fn nothing_is_left_of_a_lab_with_faults() {
    let fake = Fake::new();
    let lab = lab(&fake).await;
    break_it(&lab).await.expect("a partition");
    fake.fail_nth("remove_volume lab-pair", 1, EngineErrorKind::Other, "stuck");
    let removed = crate::lab::cleanup::remove(&fake.engine(), &lab.claim).await;
    assert!(removed.is_err());
    assert_eq!(fake.objects(), ["volume lab-pair"], "the claim goes last");
}

#[test]
fn a_link_that_is_cut_is_slowed_all_the_same_and_the_kernel_is_blamed_for_what_it_lacks() {
    let mut faults = Faults::default();
    cut(&mut faults, partition(&["a"], Some(&["b"]), true));
    faults.add(partition(&["a"], Some(&["b"]), true), |fault| {
        fault.delay_ms = Some(100.0);
    });
    let rules = Rules::of(&located(faults), &node("a"));
    assert!(rules.packets.contains("ip daddr 10.0.0.3 drop"));
    assert!(rules.shaping.contains("netem"), "{}", rules.shaping);

    let unknown =
        |line: usize| format!("Error: Specified qdisc kind is unknown.\nCommand failed -:{line}");
    let said = |said: &str| FaultError::refused(&node("a"), &rules.shaping, said).to_string();
    assert!(said(&unknown(3)).ends_with("this kernel has no `netem`"));
    assert!(said(&unknown(1)).ends_with("this kernel has no `htb`"));
    assert!(said("Error: no").ends_with("Error: no"));
}
