//! That whichever call to the engine fails, and whenever somebody presses ctrl-c, nothing is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use replication_lab::engine::EngineErrorKind;
use replication_lab::engine::fake::Fake;
use replication_lab::exit::Exit;
use replication_lab::failure::Explain as _;
use replication_lab::lab::LabError;
use replication_lab::lab::cleanup::{self, GcScope};
use replication_lab::lab::up::Keep;
use tokio_util::sync::CancellationToken;

use crate::lab::{chain, engine, failing, left, pair, up};

/// One call of a run: its name, and which of the calls of that name it is.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    nth: usize,
}

/// Every call that `up` makes until it waits for the primary's server.
async fn calls() -> Vec<Call> {
    let fake = engine();
    let never = CancellationToken::new();
    let failed = up(&fake, &pair("pair"), Keep::Failed, &never).await;
    let failed = failed.expect_err("no server answers here");
    assert!(matches!(failed, LabError::Late { .. }), "{failed:?}");
    let mut journal = fake.journal();
    // What comes after the failure.
    for mark in ["lab-pair.ready", "lab-pair"] {
        assert_eq!(journal.pop(), Some(format!("create_volume {mark}")));
    }
    // Each run's network has a name of its own.
    for call in &mut journal {
        if call.starts_with("create_network") {
            "create_network".clone_into(call);
        }
    }
    let calls: Vec<Call> = (0..journal.len())
        .map(|at| Call {
            name: journal[at].clone(),
            nth: journal[..=at]
                .iter()
                .filter(|name| **name == journal[at])
                .count(),
        })
        .collect();
    for expected in [
        "create_volume lab-pair",
        "create_network",
        "create_volume lab-pair-replica",
        "create_container lab-pair-primary",
        "attach lab-pair-replica",
        "start_container lab-pair-replica",
        "find_container lab-pair-primary",
    ] {
        assert!(calls.iter().any(|call| call.name == expected), "{calls:?}");
    }
    calls
}

/// Whether a call came before the claim, or was the last of it, the look for containers of that name: then there is
/// nothing of the lab yet.
fn before_the_claim(calls: &[Call], at: usize) -> bool {
    let claim = calls.iter().position(|call| call.name == "containers");
    at <= claim.expect("a claim")
}

/// What the engine says it was doing when a call failed.
fn named(call: &str) -> String {
    match call.split_once(' ') {
        Some(("exec", rest)) => format!("`{}`", rest.split(' ').next().unwrap_or(rest)),
        Some((_, object)) => format!("`{object}`"),
        None if call == "create_network" => "creating the network".to_owned(),
        None => format!("listing {call}"),
    }
}

/// Cancels a run at one of its calls.
fn cancel_at(fake: &Fake, call: &Call) -> CancellationToken {
    let cancel = CancellationToken::new();
    let (token, nth, seen) = (cancel.clone(), call.nth, Arc::new(AtomicUsize::new(0)));
    fake.on(&call.name, move || {
        if seen.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            token.cancel();
        }
    });
    cancel
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_told_and_leaves_nothing() {
    for call in calls().await {
        let fake = engine();
        fake.fail_nth(&call.name, call.nth, EngineErrorKind::Other, "as scripted");
        let failed = failing(&fake, &pair("pair")).await;
        let told = chain(&failed);
        assert!(told.contains("as scripted"), "{call:?}: {told}");
        assert!(told.contains(&named(&call.name)), "{call:?}: {told}");
        assert!(left(&fake).is_empty(), "{call:?}: {:?}", left(&fake));
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_at_any_call_leaves_nothing_whatever_is_to_be_kept() {
    for call in calls().await {
        for keep in [Keep::Never, Keep::Failed] {
            let fake = engine();
            let cancel = cancel_at(&fake, &call);
            let ended = up(&fake, &pair("pair"), keep, &cancel).await;
            let ended = ended.expect_err("an interrupt");
            assert!(ended.is_interrupt(), "{call:?}: {ended:?}");
            assert!(left(&fake).is_empty(), "{call:?}: {:?}", left(&fake));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_interrupt_nothing_more_is_begun() {
    for (interrupted, next) in [
        ("create_volume lab-pair", "create_network"),
        ("create_network", "create_volume lab-pair-primary"),
    ] {
        let fake = engine();
        let name = interrupted.to_owned();
        let cancel = cancel_at(&fake, &Call { name, nth: 1 });
        let ended = up(&fake, &pair("pair"), Keep::Never, &cancel).await;
        assert!(ended.expect_err("an interrupt").is_interrupt());
        let journal = fake.journal();
        let is_next = |call: &String| {
            call.split('.').next() == Some(next) || call.starts_with(&format!("{next} "))
        };
        assert!(!journal.iter().any(is_next), "{journal:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_leaves_nothing_when_the_call_fails_besides() {
    for call in calls().await {
        let fake = engine();
        let cancel = cancel_at(&fake, &call);
        fake.fail_nth(&call.name, call.nth, EngineErrorKind::Other, "as scripted");
        let ended = up(&fake, &pair("pair"), Keep::Failed, &cancel).await;
        ended.expect_err("an interrupt");
        assert!(left(&fake).is_empty(), "{call:?}: {:?}", left(&fake));
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_after_which_something_is_left_says_what() {
    let fake = engine();
    let name = "start_container lab-pair-primary".to_owned();
    let cancel = cancel_at(&fake, &Call { name, nth: 1 });
    let stuck = "remove_volume lab-pair-primary";
    fake.fail(stuck, EngineErrorKind::Other, "stuck");
    let ended = up(&fake, &pair("pair"), Keep::Failed, &cancel).await;
    let ended = ended.expect_err("an interrupt");
    assert!(!ended.is_interrupt(), "{ended:?}");
    assert_eq!(ended.exit(), Exit::Environment);
    assert_eq!(
        chain(&ended),
        "interrupted, and parts of `pair` could not be removed: removing the volume `lab-pair-primary`: stuck"
    );
    assert_eq!(
        ended.hint().as_deref(),
        Some("`lab down pair` removes them")
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_failure_is_to_leave_stays_until_it_is_taken_down() {
    let calls = calls().await;
    for (at, call) in calls.iter().enumerate() {
        let fake = engine();
        fake.fail_nth(&call.name, call.nth, EngineErrorKind::Other, "as scripted");
        let never = CancellationToken::new();
        let plan = pair("pair");
        let failed = up(&fake, &plan, Keep::Failed, &never).await;
        assert!(chain(&failed.expect_err("a failure")).contains("as scripted"));
        let kept = left(&fake);
        if before_the_claim(&calls, at) {
            assert!(kept.is_empty(), "{call:?}: {kept:?}");
            continue;
        }
        assert!(
            kept.contains(&"volume lab-pair".to_owned()),
            "{call:?}: {kept:?}"
        );
        assert!(
            !fake
                .journal()
                .iter()
                .any(|call| call.starts_with("remove_volume"))
        );
        cleanup::gc(&fake.engine(), GcScope::Leftovers)
            .await
            .expect("a clean-up");
        let after = left(&fake);
        assert!(
            after.contains(&"volume lab-pair".to_owned()),
            "{call:?}: {after:?}"
        );
        cleanup::remove_any(&fake.engine(), plan.lab.as_str())
            .await
            .expect("a removal");
        assert!(left(&fake).is_empty(), "{call:?}: {:?}", left(&fake));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_although_what_is_kept_cannot_be_marked() {
    let fake = engine();
    fake.fail(
        "create_volume lab-pair.ready",
        EngineErrorKind::NoSpace,
        "full",
    );
    let never = CancellationToken::new();
    let failed = up(&fake, &pair("pair"), Keep::Failed, &never).await;
    let failed = failed.expect_err("no server answers here");
    assert!(matches!(failed, LabError::Late { .. }), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_the_machine_s_whichever_call_meets_it() {
    for call in calls().await {
        let fake = engine();
        let words = "write /var/lib/docker/x: no space left on device";
        fake.fail_nth(&call.name, call.nth, EngineErrorKind::NoSpace, words);
        let failed = failing(&fake, &pair("pair")).await;
        assert_eq!(failed.exit(), Exit::Environment, "{call:?}: {failed:?}");
        if chain(&failed).contains(words) {
            let hint = failed.hint().expect("what to do");
            assert!(hint.contains("docker system df"), "{call:?}: {hint}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_whose_cleaning_up_fails_says_both_what_failed_and_how_to_go_on() {
    let fake = engine();
    fake.fail(
        "start_container lab-pair-primary",
        EngineErrorKind::Other,
        "as scripted",
    );
    fake.fail(
        "remove_volume lab-pair-primary",
        EngineErrorKind::Other,
        "stuck",
    );
    let failed = failing(&fake, &pair("pair")).await;
    let told = chain(&failed);
    assert_eq!(
        told,
        "starting the container `lab-pair-primary`, and parts of `pair` could not be removed: removing the volume `lab-pair-primary`: stuck"
    );
    let first = failed.evidence().expect("what failed first");
    assert!(first.contains("as scripted"), "{first}");
    assert_eq!(
        failed.hint().as_deref(),
        Some("`lab down pair` removes them")
    );
    // The claim keeps the name as long as something of it is left.
    assert_eq!(left(&fake), ["volume lab-pair", "volume lab-pair-primary"]);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_fails_does_not_cut_the_template_s_making_short() {
    let template = calls()
        .await
        .into_iter()
        .find(|call| call.name.starts_with("remove_container lab-template-"));
    let removal = template.expect("a template").name;
    let fake = engine();
    fake.delay(&removal, std::time::Duration::from_secs(1));
    fake.fail("create_network", EngineErrorKind::Other, "as scripted");
    let failed = failing(&fake, &pair("pair")).await;
    assert!(chain(&failed).contains("as scripted"));
    let removals = fake
        .journal()
        .iter()
        .filter(|call| **call == removal)
        .count();
    assert_eq!(removals, 1, "it ended by itself: {:?}", fake.journal());
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}
