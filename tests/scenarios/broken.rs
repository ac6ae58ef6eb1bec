//! Whatever stops the standby's replication, `lab verify` fails and says what it was.

use libtest_mimic::Trial;
use replication_lab::engine::{EngineError, EngineErrorKind};
use tokio_postgres::Client;

use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        way(
            "verify_tells_of_a_paused_standby",
            "pause",
            pause,
            &["`replica`", "paused"],
        ),
        way(
            "verify_tells_of_a_stopped_standby",
            "stop",
            stop,
            &["`replica`", "stopped"],
        ),
        way(
            "verify_tells_of_a_removed_standby",
            "rm",
            remove,
            &["`replica`", "gone"],
        ),
        way(
            "verify_tells_of_a_standby_that_does_not_replay",
            "replay",
            pause_replay,
            &["replay is paused", "`replica`"],
        ),
        way(
            "verify_tells_of_a_promoted_standby",
            "promote",
            promote,
            &["`primary` and `replica` take writes, each for itself"],
        ),
        way(
            "verify_tells_of_a_dropped_slot",
            "slot",
            drop_slot,
            &["`replica`", "\"replica_slot\" does not exist"],
        ),
        way(
            "verify_tells_of_a_changed_password",
            "password",
            change_password,
            &["password authentication failed"],
        ),
        way(
            "verify_tells_of_a_missing_rule",
            "hba",
            remove_rules,
            &["no pg_hba.conf entry"],
        ),
        way(
            "verify_tells_of_a_disconnected_standby",
            "apart",
            disconnect,
            &["`replica`", "no network"],
        ),
        way(
            "verify_tells_of_a_stopped_primary",
            "primary",
            stop_primary,
            &["`primary`", "stopped"],
        ),
    ]
}

/// A lab in which replication is stopped in one way. The reason that is told must have all of `words`.
fn way<F>(name: &str, short: &str, stop: fn(Lab) -> F, words: &'static [&'static str]) -> Trial
where
    F: Future<Output = ()> + Send + 'static,
{
    trial(name, short, move |lab| async move {
        // A standby that is refused tries again soon, and then its log has the reason.
        let retry = "nodes.replica.conf.wal_retrieve_retry_interval=200ms";
        lab.up("physical-async", &["--no-verify", "--set", retry])
            .await;
        stop(lab.clone()).await;
        fails(&lab, words).await;
    })
}

/// `lab verify` fails, and a check that failed says all of `words`.
async fn fails(lab: &Lab, words: &[&str]) {
    let verdict = lab.run("verify", &["--within", "3s"]).await.document(1);
    assert_eq!(verdict["passed"], false);
    let checks = verdict["checks"].as_array().expect("a list");
    let details: Vec<&str> = checks
        .iter()
        .filter(|check| check["passed"] == false)
        .filter_map(|check| check["detail"].as_str())
        .collect();
    let told = |detail: &&str| words.iter().all(|word| detail.contains(word));
    assert!(details.iter().any(told), "no {words:?} in {details:#?}");
}

async fn pause(lab: Lab) {
    let replica = lab.container("replica");
    // Docker does not freeze a process that is busy with a disk, and says so.
    let busy = |error: &EngineError| error.kind == EngineErrorKind::Busy;
    let mut paused = lab.engine.pause_container(&replica).await;
    while paused.as_ref().is_err_and(busy) {
        paused = lab.engine.pause_container(&replica).await;
    }
    paused.expect("paused");
}

async fn unpause(lab: Lab) {
    let replica = lab.container("replica");
    lab.docker
        .unpause_container(&replica)
        .await
        .expect("unpaused");
}

async fn stop(lab: Lab) {
    lab.stop("replica").await;
}

async fn stop_primary(lab: Lab) {
    lab.stop("primary").await;
}

async fn remove(lab: Lab) {
    let removed = lab.engine.remove_container(&lab.container("replica")).await;
    removed.expect("removed");
}

async fn disconnect(lab: Lab) {
    lab.disconnect("replica").await;
}

async fn pause_replay(lab: Lab) {
    execute(
        &lab.connect("replica").await,
        "SELECT pg_wal_replay_pause()",
    )
    .await;
}

async fn promote(lab: Lab) {
    execute(&lab.connect("replica").await, "SELECT pg_promote()").await;
}

async fn drop_slot(lab: Lab) {
    let primary = lab.connect("primary").await;
    // A frozen standby does not come back for its slot before it is gone.
    pause(lab.clone()).await;
    end_walsenders(&primary).await;
    execute(&primary, "SELECT pg_drop_replication_slot('replica_slot')").await;
    unpause(lab).await;
}

async fn change_password(lab: Lab) {
    let primary = lab.connect("primary").await;
    execute(&primary, "ALTER ROLE replication_user PASSWORD 'another'").await;
    end_walsenders(&primary).await;
}

async fn remove_rules(lab: Lab) {
    let primary = lab.connect("primary").await;
    let script = "sed -i '/replication/d' \"$PGDATA/pg_hba.conf\"";
    let command = ["sh", "-c", script].map(str::to_owned);
    let ran = lab
        .engine
        .exec(&lab.container("primary"), &command, b"")
        .await;
    assert_eq!(ran.expect("an answer").code, 0);
    execute(&primary, "SELECT pg_reload_conf()").await;
    end_walsenders(&primary).await;
}

async fn execute(client: &Client, sql: &str) {
    client.batch_execute(sql).await.expect(sql);
}

/// Ends the walsenders, and waits until they have.
async fn end_walsenders(primary: &Client) {
    let sql = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_replication";
    let rows = primary.query(sql, &[]).await.expect(sql);
    assert!(!rows.is_empty() && rows.iter().all(|row| row.get(0)));
}
