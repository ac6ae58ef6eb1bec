use super::*;
use crate::server::replication::Lag;

fn sender(name: &str, pid: i32) -> Sender {
    Sender {
        pid,
        application_name: name.to_owned(),
        is_logical: false,
        connected_for: 60.0,
        address: None,
        state: Some(SenderState::Streaming),
        sync_state: Some(SyncState::Async),
        flush_lsn: None,
        replay_lsn: None,
        bytes: Lag::default(),
        seconds: Lag {
            replay: Some(0.25),
            ..Lag::default()
        },
    }
}

fn slot(name: &str, active_pid: Option<i32>) -> Slot {
    Slot {
        name: name.to_owned(),
        kind: SlotKind::Physical,
        is_active: active_pid.is_some(),
        active_pid,
        wal_status: Some(WalStatus::Reserved),
        confirmed_flush_lsn: None,
        retained_bytes: Some(16),
        unconfirmed_bytes: None,
        invalidation_reason: None,
        is_synced: None,
        is_temporary: false,
    }
}

#[test]
fn a_sender_has_the_slot_that_its_process_uses() {
    let edges = join(
        &[sender("b", 7)],
        &[slot("other", None), slot("own", Some(7))],
        |_| None,
    );
    let shown = |edge: &EdgeStatus| (edge.name.clone(), edge.slot.clone(), edge.slot_active);
    assert_eq!(
        edges.iter().map(shown).collect::<Vec<_>>(),
        [
            (Some("b".to_owned()), Some("own".to_owned()), Some(true)),
            (None, Some("other".to_owned()), Some(false)),
        ]
    );
    assert_eq!(edges[0].replay_lag_ms, Some(250.0));
}

#[test]
fn a_slot_whose_process_sends_nothing_and_a_sender_without_a_slot_are_edges_of_their_own() {
    let edges = join(&[sender("a", 1)], &[slot("z", Some(2))], |_| None);
    assert_eq!(edges.len(), 2);
    assert_eq!(
        (edges[0].name.as_deref(), edges[0].kind.as_ref()),
        (Some("a"), None)
    );
    assert_eq!(
        (edges[1].slot.as_deref(), edges[1].slot_active),
        (Some("z"), Some(true))
    );
}

#[tokio::test]
async fn two_subscriptions_of_one_name_are_told_apart_by_their_slots() {
    let planned = |node: &str, slot: &str| EdgeStatus {
        downstream: Some(node.to_owned()),
        name: Some("s".to_owned()),
        kind: Some(SlotKind::Logical),
        slot: Some(slot.to_owned()),
        ..edge(None, None)
    };
    let logical = |slot_name: &str, pid| Slot {
        kind: SlotKind::Logical,
        ..slot(slot_name, Some(pid))
    };
    // A standby of that name has no slot, and one of the subscriptions has another slot than planned.
    let senders = [sender("s", 3), sender("s", 2), sender("s", 1)];
    let edges = join(&senders, &[logical("s1", 1), logical("changed", 2)], |_| {
        None
    });
    let standby = EdgeStatus {
        kind: Some(SlotKind::Physical),
        slot: None,
        ..planned("replica", "")
    };
    let wanted = vec![planned("sub2", "s2"), planned("sub1", "s1"), standby];
    let mut told = matched(edges, wanted);
    told.sort_by(|one, other| one.downstream.cmp(&other.downstream));
    let told = told.iter();
    let told: Vec<_> = told
        .map(|edge| (edge.downstream.as_deref(), edge.slot.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("replica"), None),
            (Some("sub1"), Some("s1")),
            (Some("sub2"), Some("changed")),
        ]
    );
}
