//! What removes a lab: in which order, who comes in between, and what is told when an object will not go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use replication_lab::engine::fake::Fake;
use replication_lab::engine::{Labels, Mount};
use replication_lab::exit::Exit;
use replication_lab::failure::Explain as _;
use replication_lab::lab::cleanup::{self, GcScope};
use replication_lab::lab::labels as ours;
use replication_lab::lab::up::Keep;
use replication_lab::lab::{LabError, running};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cleanup::{container, gc, killed_under};
use crate::lab::{chain, claim, engine, left, pair, up, volume};

/// A lab of which everything is there, as a process that has ended left it.
async fn whole(fake: &Fake, name: &str, word: &str) {
    let claim = claim(name, word);
    killed_under(fake, &claim).await;
    let ready = ours::ready_object(&claim.lab);
    volume(fake, &ready, ours::of_lab(&claim)).await;
}

/// Starts a container that is not ours.
async fn guest(fake: &Fake, network: Option<&str>, mounts: Vec<Mount>) {
    let mut spec = container("guest", Labels::new(), mounts);
    spec.network = network.map(str::to_owned);
    let made = fake.engine().create_container(&spec).await;
    let id = made.expect("a container");
    fake.engine().start_container(&id).await.expect("a start");
}

async fn down(fake: &Fake, name: &str) -> Result<cleanup::Removed, LabError> {
    cleanup::remove_any(&fake.engine(), name).await
}

async fn exists(fake: &Fake, name: &str) -> bool {
    let there = running(&fake.engine()).await.expect("a list");
    there.contains(&name.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_guest_on_the_network_is_named_by_down_and_gc_and_blocks_no_name() {
    let fake = engine();
    whole(&fake, "pair", "first").await;
    guest(&fake, Some("lab-pair.first"), Vec::new()).await;
    let refused = down(&fake, "pair").await.expect_err("a guest");
    assert_eq!(
        chain(&refused),
        "removing the network `lab-pair.first`: the container `guest` is on it and does not belong to the lab `pair`"
    );
    assert_eq!(refused.exit(), Exit::Environment);
    let hint = refused.hint().expect("what to do");
    for wanted in [
        "docker network disconnect --force lab-pair.first guest",
        "docker rm --force guest",
        "lab down pair",
    ] {
        assert!(hint.contains(wanted), "{hint}");
    }
    assert_eq!(
        fake.objects(),
        ["container guest", "network lab-pair.first"]
    );
    // Everybody agrees that something of it is there.
    assert!(exists(&fake, "pair").await);
    let again = down(&fake, "pair").await.expect_err("the guest is there");
    assert_eq!(chain(&again), chain(&refused));
    let collected = cleanup::gc(&fake.engine(), GcScope::Leftovers).await;
    let collected = collected.expect("an answer");
    assert_eq!(chain(&collected.failed["pair"]), chain(&refused));
    // The next lab of the name comes up beside it, and goes without it.
    let never = CancellationToken::new();
    let next = up(&fake, &pair("pair"), Keep::Failed, &never).await;
    let next = next.expect_err("no server answers here");
    assert!(matches!(next, LabError::Late { .. }), "{next:?}");
    down(&fake, "pair").await.expect_err("the guest is there");
    assert_eq!(left(&fake), ["container guest", "network lab-pair"]);

    let removed = fake.engine().remove_container("guest").await;
    removed.expect("a removal");
    assert_eq!(gc(&fake, GcScope::Leftovers).await, ["pair"]);
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
    assert!(!exists(&fake, "pair").await);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_uses_a_volume_is_named_and_the_name_stays_taken() {
    let fake = engine();
    whole(&fake, "pair", "first").await;
    let mount = Mount {
        volume: "lab-pair-primary".to_owned(),
        target: "/data".to_owned(),
        read_only: true,
        labels: Labels::new(),
    };
    guest(&fake, None, vec![mount]).await;
    let refused = down(&fake, "pair").await.expect_err("a guest");
    assert_eq!(
        chain(&refused),
        "removing the volume `lab-pair-primary`: the container `guest` is using it and does not belong to the lab `pair`"
    );
    let there = [
        "container guest",
        "volume lab-pair",
        "volume lab-pair-primary",
    ];
    assert_eq!(fake.objects(), there);
    let never = CancellationToken::new();
    let next = up(&fake, &pair("pair"), Keep::Never, &never).await;
    let next = next.expect_err("the data is another lab's");
    assert!(matches!(next, LabError::Taken { .. }), "{next:?}");
    assert_eq!(fake.objects(), there);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_whose_container_the_engine_has_lost_is_taken_off() {
    let fake = engine();
    whole(&fake, "pair", "first").await;
    fake.lose_endpoint("lab-pair.first", "lab-pair-replica");
    down(&fake, "pair").await.expect("a removal");
    assert!(fake.objects().is_empty(), "{:?}", fake.objects());
    let call = "disconnect lab-pair.first lab-pair-replica".to_owned();
    assert!(fake.journal().contains(&call), "{:?}", fake.journal());
}

#[tokio::test(start_paused = true)]
async fn eight_containers_are_removed_at_once() {
    let fake = engine();
    whole(&fake, "pair", "first").await;
    for number in 1..40 {
        let own = ours::of_lab(&claim("pair", "first"));
        let spec = container(&format!("lab-pair-n{number}"), own, Vec::new());
        let made = fake.engine().create_container(&spec).await;
        made.expect("a container");
    }
    fake.delay("remove_container", Duration::from_millis(10));
    let began = Instant::now();
    let removed = down(&fake, "pair").await.expect("a removal");
    assert_eq!(removed.containers.len(), 40);
    // Five batches, and less than a sixth one with the pause between two looks.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    assert!(took < Duration::from_millis(110), "{took:?}");
}

/// Removes a lab until the call with that number, which is made and never answered. False if there are not so many.
async fn cut_short(fake: &Fake, name: &str, calls: usize) -> bool {
    let (seen, dead) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let kill = dead.clone();
    for verb in ["remove_container", "remove_network", "remove_volume"] {
        let (seen, kill) = (Arc::clone(&seen), kill.clone());
        fake.on(verb, move || {
            if seen.fetch_add(1, Ordering::SeqCst) == calls {
                kill.cancel();
            }
        });
    }
    // The first call that is looked at after the kill is not made.
    tokio::select! {
        biased;
        () = dead.cancelled() => true,
        removed = down(fake, name) => {
            removed.expect("a removal");
            dead.is_cancelled()
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_removal_that_is_killed_at_any_moment_gc_takes_the_rest() {
    let mut killed = 0;
    for calls in 0.. {
        let fake = engine();
        // A call takes a moment, in which the process dies.
        for verb in ["remove_container", "remove_network", "remove_volume"] {
            fake.delay(verb, Duration::from_millis(1));
        }
        whole(&fake, "pair", "first").await;
        assert!(gc(&fake, GcScope::Leftovers).await.is_empty());
        if !cut_short(&fake, "pair", calls).await {
            break;
        }
        killed += 1;
        // The removal of the mark itself came to nothing: the lab is whole still.
        if calls > 0 {
            assert_eq!(gc(&fake, GcScope::Leftovers).await, ["pair"], "{calls}");
            assert!(fake.objects().is_empty(), "{calls}: {:?}", fake.objects());
        } else {
            assert_eq!(fake.objects().len(), 5, "{:?}", fake.objects());
        }
    }
    assert_eq!(
        killed, 5,
        "the mark, a container, a network, its volume, the claim"
    );
}

#[tokio::test(start_paused = true)]
async fn gc_leaves_the_next_lab_of_the_name_alone() {
    let fake = engine();
    killed_under(&fake, &claim("pair", "first")).await;
    let collecting = tokio::spawn({
        let fake = fake.clone();
        async move { cleanup::gc(&fake.engine(), GcScope::Leftovers).await }
    });
    // It waits for late objects of the first lab, while somebody removes it and makes another one.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let first = claim("pair", "first");
    let removed = cleanup::remove(&fake.engine(), &first).await;
    removed.expect("a removal");
    assert!(fake.objects().is_empty(), "{:?}", fake.objects());
    let cancel = CancellationToken::new();
    let making = tokio::spawn({
        let (fake, cancel) = (fake.clone(), cancel.clone());
        async move { up(&fake, &pair("pair"), Keep::Never, &cancel).await }
    });
    let collected = collecting.await.expect("no panic").expect("an answer");
    assert!(collected.failed.is_empty(), "{:?}", collected.failed);
    let late = making.await.expect("no panic").expect_err("no server");
    assert!(matches!(late, LabError::Late { .. }), "{late:?}");
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_taken_for_an_earlier_one_is_made_again_before_the_lab_is_whole() {
    let fake = engine();
    let thief = fake.clone();
    // Somebody who looked before removes the claim by its name: volumes have no id.
    fake.on("attach lab-pair-primary", move || {
        let thief = thief.clone();
        tokio::spawn(async move { thief.engine().remove_volume("lab-pair").await });
    });
    let never = CancellationToken::new();
    let kept = up(&fake, &pair("pair"), Keep::Failed, &never).await;
    kept.expect_err("no server answers here");
    let removals = fake.journal();
    assert!(removals.contains(&"remove_volume lab-pair".to_owned()));
    let there = left(&fake);
    assert!(there.contains(&"volume lab-pair".to_owned()), "{there:?}");
}
