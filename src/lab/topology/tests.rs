use super::*;
use crate::scenario::load::{Overrides, Source, load};
use crate::server::lsn::Lsn;
use crate::server::replication::{Lag, SenderState};

/// A primary with a standby, a standby of that, and a server of its own.
fn plan() -> Plan {
    let text = "
name: t
title: T
nodes:
  a: {}
  b: { standby_of: a }
  c: { standby_of: b }
  z: {}
";
    let source = Source::new("t.yaml", text.as_bytes(), None).expect("text");
    let loaded = load(&source, &Overrides::default()).expect("a scenario");
    Plan::resolve(&loaded.scenario, &loaded.sql, None)
}

fn node(name: &str) -> NodeName {
    NodeName::new(name).expect("a name")
}

/// What one node says.
#[derive(Default)]
struct Told {
    state: Option<ServerState>,
    senders: Vec<Sender>,
    upstream: Option<Upstream>,
}

fn state(system: &str, timeline: i32, is_standby: bool) -> ServerState {
    ServerState {
        is_standby,
        is_paused: false,
        system: system.to_owned(),
        timeline,
        lsn: Some(Lsn(1)),
        streams_from: None,
    }
}

fn primary(timeline: i32, downstreams: &[&str]) -> Told {
    let sender = |name: &&str| Sender {
        pid: 1,
        application_name: (*name).to_owned(),
        address: None,
        is_logical: false,
        connected_for: 60.0,
        state: Some(SenderState::Streaming),
        sync_state: None,
        flush_lsn: None,
        replay_lsn: None,
        bytes: Lag::default(),
        seconds: Lag::default(),
    };
    Told {
        state: Some(state("1", timeline, false)),
        senders: downstreams.iter().map(sender).collect(),
        upstream: None,
    }
}

fn standby(name: &str, host: &str, timeline: i32, downstreams: &[&str]) -> Told {
    Told {
        state: Some(state("1", timeline, true)),
        upstream: Some(Upstream {
            configured: Some(host.to_owned()),
            hosts: vec![host.to_owned()],
            connected: Some(host.to_owned()),
            application_name: name.to_owned(),
            slot: None,
            apply_delay_ms: 0,
        }),
        ..primary(timeline, downstreams)
    }
}

fn other() -> Told {
    Told {
        state: Some(state("2", 1, false)),
        ..Told::default()
    }
}

fn topology(told: &[Told]) -> Topology {
    let sights: Vec<Sight<'_>> = told
        .iter()
        .map(|told| Sight {
            address: None,
            said: told.state.as_ref().map(|state| Said {
                state,
                senders: &told.senders,
                upstream: told.upstream.as_ref(),
            }),
        })
        .collect();
    Topology::of(&plan(), &sights)
}

fn names(nodes: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let names: Vec<String> = nodes.into_iter().map(|node| node.to_string()).collect();
    names.join(" ")
}

fn streams_from(upstream: &str) -> PresentRole {
    PresentRole::Standby {
        upstream: Some(node(upstream)),
        streams: true,
    }
}

#[test]
fn a_lab_as_it_was_made_is_as_planned() {
    let now = topology(&[
        primary(1, &["b"]),
        standby("b", "a", 1, &["c"]),
        standby("c", "b", 1, &[]),
        other(),
    ]);
    assert_eq!(names(now.primaries()), "a z");
    assert_eq!(names(now.leaders()), "a");
    assert_eq!(now.role(&node("c")), Some(&streams_from("b")));
    assert_eq!(now.primary_of(&node("c")), Some(&node("a")));
    assert!(
        plan()
            .nodes
            .iter()
            .all(|its| now.is_as_planned(&plan(), &its.name))
    );
    assert!(now.rivals().is_empty());
}

#[test]
fn after_a_switchover_the_old_primary_is_a_standby_of_the_new_one() {
    let now = topology(&[
        standby("a", "b", 2, &[]),
        primary(2, &["a", "c"]),
        standby("c", "b", 2, &[]),
        other(),
    ]);
    assert_eq!(names(now.leaders()), "b");
    assert_eq!(now.role(&node("a")), Some(&streams_from("b")));
    assert!(now.rivals().is_empty());
    assert_eq!(now.now_instead_of(&node("a")), Some(&node("b")));
    assert!(!now.is_as_planned(&plan(), &node("a")));
    assert!(now.is_as_planned(&plan(), &node("c")));
}

#[test]
fn two_primaries_of_one_system_are_rivals_the_older_timeline_first() {
    let now = topology(&[
        primary(1, &[]),
        primary(2, &["c"]),
        standby("c", "b", 2, &[]),
        other(),
    ]);
    assert_eq!(names(now.rivals().concat()), "a b");
    assert_eq!(names(now.leaders()), "a b");
    let converted = Told {
        state: Some(state("3", 2, false)),
        ..Told::default()
    };
    let now = topology(&[primary(1, &[]), converted, Told::default(), other()]);
    assert!(
        now.rivals().is_empty(),
        "another system is a server of its own"
    );
    assert_eq!(names(now.leaders()), "a");
}

#[test]
fn a_primary_that_is_down_has_a_successor_only_if_another_took_over() {
    let after = [
        Told::default(),
        primary(2, &["c"]),
        standby("c", "b", 2, &[]),
        other(),
    ];
    assert_eq!(topology(&after).successor(&node("a")), Some(&node("b")));
    let before = [
        Told::default(),
        standby("b", "a", 1, &[]),
        Told::default(),
        other(),
    ];
    let now = topology(&before);
    assert_eq!(now.successor(&node("a")), None);
    assert_eq!(names(now.leaders()), "");
    let down = [primary(1, &[]), Told::default(), Told::default(), other()];
    assert_eq!(topology(&down).successor(&node("b")), None);
}

#[test]
fn a_receiver_that_its_upstream_does_not_serve_does_not_stream() {
    let refused = standby("c", "a", 1, &[]);
    let now = topology(&[primary(2, &[]), Told::default(), refused, other()]);
    let is = PresentRole::Standby {
        upstream: Some(node("a")),
        streams: false,
    };
    assert_eq!(now.role(&node("c")), Some(&is));
    // A standby that has diverged stays connected to a walsender that never starts to send.
    let mut starts = primary(2, &["c"]);
    starts.senders[0].state = Some(SenderState::Startup);
    let refused = standby("c", "a", 1, &[]);
    let now = topology(&[starts, Told::default(), refused, other()]);
    assert_eq!(now.role(&node("c")), Some(&is));
    let mut lost = standby("c", "a", 1, &[]);
    if let Some(upstream) = &mut lost.upstream {
        upstream.connected = None;
    }
    let now = topology(&[primary(2, &["c"]), Told::default(), lost, other()]);
    assert_eq!(now.role(&node("c")), Some(&is));
}

#[test]
fn standbys_that_follow_each_other_have_no_primary() {
    let now = topology(&[
        standby("a", "b", 1, &["b"]),
        standby("b", "a", 1, &["a"]),
        Told::default(),
        other(),
    ]);
    assert_eq!(now.primary_of(&node("a")), None);
    assert_eq!(names(now.leaders()), "");
}
