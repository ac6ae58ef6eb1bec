use super::*;

fn at(timeline: i32, end: u64) -> Stretch {
    Stretch {
        timeline,
        end: Lsn(end),
    }
}

fn history(past: &[Stretch], timeline: i32, now: u64) -> History {
    History {
        system: "7".to_owned(),
        is_standby: false,
        timeline,
        at: Lsn(now),
        past: past.to_vec(),
    }
}

fn standby(past: &[Stretch], timeline: i32, now: u64) -> History {
    History {
        is_standby: true,
        ..history(past, timeline, now)
    }
}

fn forked_at(own: &History, other: &History) -> Option<Stretch> {
    match own.parted_from(other)? {
        Parting::Fork { fork, .. } => Some(fork),
        Parting::Stranger { .. } => None,
    }
}

#[test]
fn a_history_file_is_read() {
    let file = "1\t0/3000148\tno recovery target specified\n\n2\t1/A0\tbefore 2026-01-01\n";
    assert_eq!(stretches(file), [at(1, 0x300_0148), at(2, 0x1_0000_00A0)]);
}

#[test]
fn a_server_that_is_behind_can_follow() {
    let primary = history(&[], 1, 100);
    assert_eq!(standby(&[], 1, 100).parted_from(&primary), None);
    assert_eq!(standby(&[], 1, 90).parted_from(&primary), None);
    let promoted = history(&[at(1, 100)], 2, 150);
    assert_eq!(standby(&[], 1, 100).parted_from(&promoted), None);
    assert_eq!(standby(&[at(1, 100)], 2, 120).parted_from(&promoted), None);
    let twice = history(&[at(1, 100), at(2, 150)], 3, 200);
    assert_eq!(standby(&[], 1, 80).parted_from(&twice), None);
    assert_eq!(standby(&[at(1, 100)], 2, 150).parted_from(&twice), None);
}

#[test]
fn one_that_went_on_after_the_fork_has_diverged() {
    let promoted = history(&[at(1, 100)], 2, 150);
    assert_eq!(
        forked_at(&standby(&[], 1, 110), &promoted),
        Some(at(1, 100))
    );
    // It was promoted too, earlier, later, and at the same place.
    let own = history(&[at(1, 80)], 2, 90);
    assert_eq!(forked_at(&own, &promoted), Some(at(1, 80)));
    let own = history(&[at(1, 120)], 2, 130);
    assert_eq!(forked_at(&own, &promoted), Some(at(1, 100)));
    let own = history(&[at(1, 100)], 3, 130);
    assert_eq!(forked_at(&own, &promoted), Some(at(1, 100)));
    // The other one stayed on the old timeline.
    let old = history(&[], 1, 140);
    assert_eq!(forked_at(&promoted, &old), Some(at(1, 100)));
    // A later timeline forks too.
    let twice = history(&[at(1, 100), at(2, 150)], 3, 200);
    assert_eq!(
        forked_at(&standby(&[at(1, 100)], 2, 151), &twice),
        Some(at(2, 150))
    );
}

#[test]
fn a_primary_that_lacks_what_its_standby_has_lost_it() {
    let primary = history(&[], 1, 100);
    assert_eq!(forked_at(&standby(&[], 1, 110), &primary), Some(at(1, 100)));
    // A standby may still receive it.
    assert_eq!(
        standby(&[], 1, 110).parted_from(&standby(&[], 1, 100)),
        None
    );
    let ahead = standby(&[at(1, 120)], 2, 130);
    assert_eq!(ahead.parted_from(&standby(&[], 1, 100)), None);
}

#[test]
fn a_history_whose_beginning_is_gone_is_compared_from_where_both_are_known() {
    let own = standby(&[], 2, 120);
    assert_eq!(own.parted_from(&history(&[at(1, 100)], 2, 150)), None);
    assert_eq!(
        forked_at(&own, &history(&[at(1, 100), at(2, 110)], 3, 150)),
        Some(at(2, 110))
    );
    assert_eq!(own.parted_from(&history(&[], 7, 150)), None);
}

#[test]
fn what_parts_two_servers_is_named() {
    let own = standby(&[], 1, 110);
    let parting = own.parted_from(&history(&[at(1, 100)], 2, 150));
    let told = parting.expect("a fork").told("fast", "slow");
    assert_eq!(
        told,
        "`fast` has diverged from `slow`: their histories fork at 0/64 on timeline 1, and `fast` is 10 B beyond it"
    );
    let mut stranger = own.clone();
    stranger.system = "8".to_owned();
    let parting = stranger.parted_from(&own).expect("another cluster");
    assert!(
        parting
            .told("a", "b")
            .contains("its system identifier is 8")
    );
}

#[test]
fn primaries_of_one_history_are_compared_by_their_log() {
    let own = history(&[at(1, 100)], 2, 150);
    let other = history(&[at(1, 100)], 2, 130);
    assert_eq!(other.parted_from(&own), None);
    assert_eq!(other.compares_with(&own), Some(Lsn(130)));
    // What a standby has may come from the other one.
    assert_eq!(standby(&[at(1, 100)], 2, 130).compares_with(&own), None);
    // No promotion, and another one.
    assert_eq!(
        history(&[], 1, 90).compares_with(&history(&[], 1, 100)),
        None
    );
    assert_eq!(other.compares_with(&history(&[at(1, 101)], 2, 150)), None);
    let parting = other.parted_since_promotion().expect("a fork");
    assert!(!parting.can_rewind());
    assert_eq!(
        parting.told("a", "b"),
        "`a` has diverged from `b`: their histories fork at 0/64 on timeline 1, and `a` is now at 0/82 on timeline 2"
    );
    // After a failover `pg_rewind` can.
    let old = history(&[], 1, 120);
    assert!(old.parted_from(&own).expect("a fork").can_rewind());
}
