//! What hinders replication, in `status` and `monitor`, also while nothing is written, and who waits because of it.

use std::convert::Infallible;
use std::process::Stdio;
use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::binary;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "hindered::what_hinders_is_told_at_once_and_so_is_who_waits",
            "hinder",
            hindered,
        ),
        trial("hindered::a_server_that_hangs_is_told", "hangs", hangs),
    ]
}

/// What is done, what `status` and `monitor` say of it, and what undoes it.
struct Way {
    done: &'static [&'static str],
    word: &'static str,
    line: &'static str,
    undone: &'static [&'static str],
    /// Why commits wait for the standby.
    because: &'static str,
}

const CUT: Way = Way {
    done: &["fault", "partition", "primary", "replica"],
    word: "link_cut",
    line: "! primary and replica do not reach each other",
    undone: &["heal"],
    because: "link cut",
};

const FROZEN: Way = Way {
    done: &["fault", "freeze", "replica"],
    word: "frozen",
    line: "replica  paused",
    undone: &["heal"],
    because: "frozen",
};

const HELD: Way = Way {
    done: &[
        "psql",
        "replica",
        "--",
        "-c",
        "SELECT pg_wal_replay_pause()",
    ],
    word: "replay_paused",
    line: "! replica: replay is paused",
    undone: &[
        "psql",
        "replica",
        "--",
        "-c",
        "SELECT pg_wal_replay_resume()",
    ],
    because: "replay paused",
};

const STOPPED: Way = Way {
    done: &["stop", "replica"],
    word: "",
    line: "replica  exited",
    undone: &["start", "replica"],
    because: "not connected",
};

async fn hindered(lab: Lab) {
    lab.up("physical-sync", &["--no-verify"]).await;
    let create = "CREATE TABLE slow (n int)";
    lab.connect("primary")
        .await
        .batch_execute(create)
        .await
        .expect("a table");
    for way in [CUT, FROZEN, HELD, STOPPED] {
        ask(&lab, way.done).await;
        // Nothing is written: no server knows.
        told(&lab, &way, None).await;
        let commits = [commit(&lab).await, commit(&lab).await];
        let waits = format!("2 commits wait for `replica` ({})", way.because);
        told(&lab, &way, Some(&waits)).await;
        assert!(commits.iter().all(|commit| !commit.is_finished()));
        ask(&lab, way.undone).await;
        for commit in commits {
            commit.await.expect("it ends");
        }
        lab.run("verify", &["--within=30s"]).await.document(0);
        let monitor = lab.run("monitor", &[]).await.document(0);
        assert_eq!(monitor["waiting_commits"], serde_json::json!({}));
    }
    given_up(&lab).await;
}

/// Docker accepts connections for a server that takes none.
async fn hangs(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    let found = lab.engine.find_container(&lab.container("replica")).await;
    let id = found.expect("an answer").expect("a container").id;
    let stopped = lab.engine.signal_container(&id, "SIGSTOP").await;
    stopped.expect("stopped");
    for verb in ["status", "monitor"] {
        let arguments = [verb, &lab.name];
        let asked = tokio::time::timeout(Duration::from_secs(90), binary::lab(&arguments));
        let told = asked.await.expect("an end");
        // The receiver may stream on.
        assert!(verb == "monitor" || told.code == Some(1), "{told:?}");
        assert!(told.stdout.contains("! replica: "), "{told:?}");
        assert!(told.stdout.contains("says nothing"), "{told:?}");
    }
    interrupted(&lab).await;
    let goes_on = lab.engine.signal_container(&id, "SIGCONT").await;
    goes_on.expect("it goes on");
    lab.run("verify", &["--within=20s"]).await.document(0);
}

/// A verb that only asks has nothing to clean up.
async fn interrupted(lab: &Lab) {
    let mut status = Command::new(env!("CARGO_BIN_EXE_lab"));
    status.args(["status", &lab.name, "-vv"]);
    status.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut status = status.spawn().expect("it starts");
    let traces = status.stderr.take().expect("standard error");
    let mut traces = BufReader::new(traces).lines();
    traces.next_line().await.expect("text").expect("a line");
    let pid = status.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().await;
    assert!(sent.expect("kill runs").success());
    let ended = tokio::time::timeout(Duration::from_secs(5), status.wait());
    let ended = ended.await.expect("at once").expect("its end");
    assert_eq!(ended.code(), Some(130));
}

/// The reason stays when the primary has given the connection up.
async fn given_up(lab: &Lab) {
    let client = lab.connect("primary").await;
    for sql in [
        "ALTER SYSTEM SET wal_sender_timeout = '1s'",
        "SELECT pg_reload_conf()",
    ] {
        client.batch_execute(sql).await.expect(sql);
    }
    ask(lab, CUT.done).await;
    let commits = [commit(lab).await, commit(lab).await];
    let cancel = CancellationToken::new();
    let waited = wait_for(Duration::from_secs(30), &cancel, || async {
        let senders = client.query("SELECT FROM pg_stat_replication", &[]).await;
        Ok::<_, Infallible>(match senders.expect("rows").len() {
            0 => Probe::Ready(()),
            some => Probe::NotYet(some.to_string()),
        })
    });
    waited.await.expect("the connection goes");
    told(lab, &CUT, Some("2 commits wait for `replica` (link cut)")).await;
    ask(lab, CUT.undone).await;
    for commit in commits {
        commit.await.expect("it ends");
    }
}

async fn ask(lab: &Lab, words: &[&str]) {
    let arguments = [&words[..1], &[lab.name.as_str()], &words[1..]].concat();
    let ran = binary::lab(&arguments).await;
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
}

/// A commit that waits for the standby to replay it.
async fn commit(lab: &Lab) -> JoinHandle<()> {
    let client = lab.connect("primary").await;
    tokio::spawn(async move {
        let sql = "SET synchronous_commit = remote_apply; INSERT INTO slow VALUES (1)";
        client.batch_execute(sql).await.expect("committed");
    })
}

/// Waits until both say it, as tables and as documents.
async fn told(lab: &Lab, way: &Way, waits: Option<&str>) {
    let (cancel, name) = (CancellationToken::new(), lab.name.as_str());
    let waited = wait_for(Duration::from_secs(15), &cancel, || async {
        let [status, monitor] = [
            lab.run("status", &[]).await.document(1),
            lab.run("monitor", &[]).await.document_of_any_code(),
        ];
        let tables = [
            binary::lab(&["status", name]).await.stdout,
            binary::lab(&["monitor", name]).await.stdout,
        ];
        let edge = &monitor["edges"][0];
        let says = |by: &Value| way.word.is_empty() || by[0] == way.word;
        let remark = format!("! primary: {}", waits.unwrap_or_default());
        let is_told = says(&status["nodes"][1]["hindered_by"])
            && says(&edge["hindered_by"])
            && tables[0].contains(way.line)
            && (way.word.is_empty() || tables[1].contains(&way.word.replace('_', " ")))
            && (waits.is_none() || tables.iter().all(|table| table.contains(&remark)));
        let commits = waits.map_or(Value::Null, |_| Value::from(2));
        let is_counted = monitor["waiting_commits"]["primary"]["commits"] == commits
            && status["nodes"][0]["waiting_commits"]["commits"] == commits;
        Ok::<_, Infallible>(if is_told && is_counted {
            Probe::Ready(())
        } else {
            Probe::NotYet(format!("{status:#}\n{monitor:#}\n{}", tables.concat()))
        })
    });
    waited.await.expect(way.line);
}
