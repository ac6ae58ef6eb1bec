//! A server that hangs while it is proven: the proof ends all the same, and says what is the matter.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use tokio_util::sync::CancellationToken;

use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_standby_that_is_frozen_while_it_is_proven_is_said_to_be",
            "paused",
            |lab| async move {
                let paused = |lab: Lab| async move {
                    let replica = lab.container("replica");
                    let paused = lab.docker.pause_container(&replica).await;
                    paused.expect("paused");
                };
                hangs(lab, paused, &["the container of `replica` is paused"]).await;
            },
        ),
        trial(
            "a_standby_whose_server_hangs_while_it_is_proven_ends_no_proof_late",
            "hangs",
            |lab| async move {
                hangs(lab, stopped, &["gave up after", "has not answered within"]).await;
            },
        ),
    ]
}

/// Every process of the server stops. The container runs.
async fn stopped(lab: Lab) {
    let stop =
        "for p in /proc/[0-9]*; do grep -q postgres $p/comm && kill -STOP ${p#/proc/}; done; true";
    let command = ["sh", "-c", stop].map(str::to_owned);
    let replica = lab.container("replica");
    let done = lab.engine.exec(&replica, &command, b"").await;
    assert_eq!(done.expect("a shell").code, 0);
}

/// The standby hangs once the proof has written its rows, and waits for its delay. The verdict has some of the words.
async fn hangs<F: Future<Output = ()>>(lab: Lab, hang: impl FnOnce(Lab) -> F, words: &[&str]) {
    let delay = ["--set", "nodes.replica.conf.recovery_min_apply_delay=6s"];
    lab.up("physical-async", &[&delay[..], &["--no-verify"]].concat())
        .await;
    let primary = lab.connect("primary").await;
    let rows = "SELECT count(*) FROM customers";
    let before: i64 = primary.query_one(rows, &[]).await.expect(rows).get(0);
    let proven = lab.clone();
    let began = Instant::now();
    let proof = tokio::spawn(async move { proven.run("verify", &["--within=7s"]).await });
    let cancel = CancellationToken::new();
    let waited = wait_for(Duration::from_secs(20), &cancel, || async {
        let now: i64 = primary.query_one(rows, &[]).await?.get(0);
        Ok::<_, tokio_postgres::Error>(if now > before {
            Probe::Ready(())
        } else {
            Probe::NotYet("no row of the proof".to_owned())
        })
    });
    waited.await.expect("the proof writes");
    hang(lab.clone()).await;
    let verdict = proof.await.expect("no panic").document(1);
    let took = began.elapsed();
    let said = verdict.to_string();
    assert!(
        words.iter().any(|words| said.contains(words)),
        "{verdict:#}"
    );
    assert!(took < Duration::from_secs(45), "{took:?}: {verdict:#}");
}
