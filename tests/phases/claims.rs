//! Who gets a name and a network's addresses, and what those are told who do not.

use std::time::Duration;

use replication_lab::engine::{EngineErrorKind, LAB_LABEL, NetworkSpec, Selector};
use replication_lab::exit::Exit;
use replication_lab::failure::Explain as _;
use replication_lab::lab::LabError;
use replication_lab::lab::error::Holder;
use replication_lab::lab::labels as ours;
use replication_lab::lab::up::Keep;
use replication_lab::plan::Plan;
use tokio_util::sync::CancellationToken;

use crate::lab::{chain, claim, ended, engine, failing, labels, left, pair, plan, up, volume};

fn holder(error: &LabError) -> &Holder {
    match error {
        LabError::Taken { by, .. } => by,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_that_make_one_lab_at_once_one_wins_and_keeps_what_it_made() {
    let fake = engine();
    // Both ask before either is answered.
    fake.delay("create_volume lab-pair", Duration::from_millis(10));
    let cancel = CancellationToken::new();
    let run = || {
        let (fake, cancel) = (fake.clone(), cancel.clone());
        tokio::spawn(async move { up(&fake, &pair("pair"), Keep::Never, &cancel).await })
    };
    let (mut one, mut other) = (run(), run());
    let (lost, winner) = tokio::select! {
        ended = &mut one => (ended, other),
        ended = &mut other => (ended, one),
    };
    let lost = lost.expect("no panic").expect_err("one has lost");
    assert!(matches!(holder(&lost), Holder::Making(_)), "{lost:?}");
    assert!(lost.hint().is_some());
    // Until the winner waits for its server, everything of it is there.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        left(&fake),
        [
            "container lab-pair-primary",
            "container lab-pair-replica",
            "network lab-pair",
            "volume lab-pair",
            "volume lab-pair-primary",
            "volume lab-pair-replica",
        ]
    );
    let claims = fake.journal();
    let claims = claims
        .iter()
        .filter(|call| *call == "create_volume lab-pair");
    assert_eq!(claims.count(), 2);
    cancel.cancel();
    let won = winner.await.expect("no panic").expect_err("an interrupt");
    assert!(won.is_interrupt(), "{won:?}");
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}

#[tokio::test(start_paused = true)]
async fn eight_labs_of_one_process_do_not_get_in_each_other_s_way() {
    let fake = engine();
    fake.delay("create_container", Duration::from_millis(10));
    fake.delay("remove_container", Duration::from_millis(10));
    let runs = (0..8).map(|number| {
        let fake = fake.clone();
        tokio::spawn(async move { failing(&fake, &pair(&format!("pair-{number}"))).await })
    });
    for ended in futures_util::future::join_all(runs).await {
        let ended = ended.expect("no panic");
        assert!(matches!(ended, LabError::Late { .. }), "{}", chain(&ended));
    }
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_something_else_has_is_left_to_it() {
    let made = |by: &str| ours::of_claim(&pair("pair"), &claim("pair", "a-word"), by);
    let cases = [
        (
            labels(&[("com.example", "x")]),
            Holder::Foreign("lab-pair".to_owned()),
        ),
        (made(&ended()), Holder::Abandoned),
        (
            // Nobody here knows whether it lives.
            made("7@elsewhere 1 another-boot 2/3"),
            Holder::Making("7@elsewhere".to_owned()),
        ),
        (
            labels(&[(LAB_LABEL, "other")]),
            Holder::Other {
                object: "lab-pair".to_owned(),
                lab: "other".to_owned(),
            },
        ),
    ];
    for (labels, expected) in cases {
        let fake = engine();
        volume(&fake, "lab-pair", labels).await;
        let refused = failing(&fake, &pair("pair")).await;
        assert_eq!(*holder(&refused), expected);
        assert!(refused.hint().is_some(), "{refused:?}");
        assert_eq!(fake.objects(), ["volume lab-pair"]);
    }
}

#[tokio::test(start_paused = true)]
async fn containers_whose_claim_was_pruned_are_left_alone() {
    let fake = engine();
    let never = CancellationToken::new();
    let kept = up(&fake, &pair("pair"), Keep::Failed, &never).await;
    kept.expect_err("no server answers here");
    for claim in ["lab-pair", "lab-pair.ready"] {
        fake.engine().remove_volume(claim).await.expect("pruned");
    }
    let before = fake.objects();
    let refused = failing(&fake, &pair("pair")).await;
    assert_eq!(*holder(&refused), Holder::Unclaimed);
    assert!(refused.hint().is_some(), "{refused:?}");
    assert_eq!(fake.objects(), before);
}

#[tokio::test(start_paused = true)]
async fn a_complete_lab_is_not_being_made_although_its_maker_lives() {
    let fake = engine();
    let never = CancellationToken::new();
    // What is kept counts as complete.
    let kept = up(&fake, &pair("pair"), Keep::Failed, &never).await;
    kept.expect_err("no server answers here");
    let before = fake.objects();
    let refused = failing(&fake, &pair("pair")).await;
    assert_eq!(*holder(&refused), Holder::Exists);
    assert_eq!(fake.objects(), before);
}

#[tokio::test(start_paused = true)]
async fn a_node_s_volume_that_is_another_lab_s_is_not_touched() {
    let fake = engine();
    // The node `sync` of `physical` would be called as the lab `physical-sync`.
    let others = ours::of_claim(
        &pair("physical-sync"),
        &claim("physical-sync", "a-word"),
        &ended(),
    );
    volume(&fake, "lab-physical-sync", others.clone()).await;
    let physical = plan("name: physical\nnodes: { sync: {} }\n");
    let refused = failing(&fake, &physical).await;
    let expected = Holder::Other {
        object: "lab-physical-sync".to_owned(),
        lab: "physical-sync".to_owned(),
    };
    assert_eq!(*holder(&refused), expected);
    assert_eq!(left(&fake), ["volume lab-physical-sync"]);
    let found = fake
        .engine()
        .volumes(&Selector::any_lab())
        .await
        .expect("a list");
    assert_eq!(found[0].labels, others);
}

/// The subnet that a lab's network got, from a run that is kept.
async fn subnet(fake: &replication_lab::engine::fake::Fake, plan: &Plan) -> String {
    let never = CancellationToken::new();
    let kept = up(fake, plan, Keep::Failed, &never).await;
    kept.expect_err("no server answers here");
    let networks = fake
        .engine()
        .networks(Some(&Selector::lab(&plan.lab)))
        .await;
    let networks = networks.expect("a list");
    networks[0].subnet.clone().expect("a subnet")
}

#[tokio::test(start_paused = true)]
async fn a_lab_has_its_own_subnet_and_the_next_one_where_that_is_taken() {
    let own = subnet(&engine(), &pair("pair")).await;
    assert_eq!(subnet(&engine(), &pair("pair")).await, own);

    let fake = engine();
    let there = NetworkSpec {
        name: "somebody's".to_owned(),
        subnet: Some(own.clone()),
        labels: labels(&[]),
    };
    fake.engine()
        .create_network(&there)
        .await
        .expect("a network");
    assert_ne!(subnet(&fake, &pair("pair")).await, own);

    // Another process is faster: it was free a moment ago.
    let fake = engine();
    fake.fail_nth(
        "create_network",
        1,
        EngineErrorKind::AddressOverlap,
        "taken",
    );
    assert_ne!(subnet(&fake, &pair("pair")).await, own);
}

#[tokio::test(start_paused = true)]
async fn what_a_scenario_asks_for_and_somebody_has_is_told_before_anything_is_made() {
    let own = subnet(&engine(), &pair("pair")).await;
    let fake = engine();
    let there = NetworkSpec {
        name: "somebody's".to_owned(),
        subnet: Some(own.clone()),
        labels: labels(&[]),
    };
    fake.engine()
        .create_network(&there)
        .await
        .expect("a network");
    let before = left(&fake);
    let asks = format!("name: asks\nnetwork: {{ subnet: {own} }}\nnodes: {{ primary: {{}} }}\n");
    let error = failing(&fake, &plan(&asks)).await;
    assert_eq!(
        error.to_string(),
        format!("the subnet {own} overlaps with the network `somebody's`")
    );
    assert_eq!(error.exit(), Exit::Environment);
    assert!(error.hint().is_some());
    assert_eq!(left(&fake), before);
}

#[tokio::test(start_paused = true)]
async fn addresses_that_have_run_out_are_told_with_a_way_out_and_leave_nothing() {
    let fake = engine();
    fake.fail("create_network", EngineErrorKind::AddressOverlap, "taken");
    let refused = failing(&fake, &pair("pair")).await;
    assert!(
        matches!(refused, LabError::NoAddresses { .. }),
        "{refused:?}"
    );
    assert!(refused.hint().is_some_and(|hint| hint.contains("lab gc")));
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));

    let fake = engine();
    fake.fail(
        "create_network",
        EngineErrorKind::AddressesExhausted,
        "no pool is left",
    );
    let refused = failing(&fake, &pair("pair")).await;
    assert!(chain(&refused).contains("no pool is left"));
    assert!(refused.hint().is_some_and(|hint| hint.contains("lab gc")));
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
    let tries = fake.journal();
    let tries = tries
        .iter()
        .filter(|call| call.starts_with("create_network"));
    assert_eq!(tries.count(), 1, "no other subnet would help");
}
