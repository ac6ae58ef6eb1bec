//! `kill -9` of `lab verify` at some moments: `heal`, or the next `verify`, undoes what it left.

use std::process::Stdio;
use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::engine::{ContainerState, LAB_LABEL, Selector};
use replication_lab::lab::deeds::Deed;
use replication_lab::lab::labels::{DEED_LABEL, OWNER_LABEL};
use replication_lab::server::activity::Process;
use tokio::process::Command;

use crate::binary;
use crate::lab::{Lab, trial};

/// The moments, in milliseconds after its start.
const MOMENTS: [u64; 10] = [60, 120, 180, 240, 300, 360, 420, 500, 600, 700];

const SCENARIO: &str = "
title: A proof that is killed
postgres: 17
nodes:
  primary:
    conf: { synchronous_standby_names: near }
    publications: { p: { tables: all, publish: [insert, update] } }
  near: { standby_of: primary }
  far: { standby_of: primary }
  reader: { subscriptions: { s: { upstream: primary, publications: [p] } } }
data: [jobs]
";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_proof_that_is_killed_leaves_nothing", "killed", killed),
        trial(
            "a_process_with_the_number_of_a_killed_proof_s_is_not_waited_for",
            "reused",
            reused,
        ),
        trial("status_says_what_a_killed_proof_left", "remains", remains),
    ]
}

/// A note names a process that has ended, and its number is another process's by now.
async fn reused(lab: Lab) {
    lab.up("physical-sync", &["--no-verify"]).await;
    let other = lab.connect("primary").await;
    let pid = other.query_one("SELECT pg_backend_pid()", &[]).await;
    let process = Process {
        pid: pid.expect("a number").get(0),
        began: "1700000000.123456".to_owned(),
    };
    let name = lab.name.parse().expect("a name");
    let found = replication_lab::Lab::find(lab.engine.clone(), &name).await;
    let deed = Deed::Write {
        node: "primary".parse().expect("a name"),
        process,
        rows: serde_json::Value::Array(Vec::new()),
    };
    let before = lab.left().await;
    let noted = found.expect("the lab").note_deed(deed).await;
    assert!(noted.expect("a note").is_some());
    let label = Selector::LabelValue(LAB_LABEL.to_owned(), lab.name.clone());
    let volumes = lab.engine.volumes(&label).await.expect("a list");
    let mut note = volumes.into_iter();
    let mut note = note
        .find(|volume| !before.contains(&volume.name))
        .expect("the note");
    // This process lives; the one that was killed does not.
    note.labels.remove(OWNER_LABEL);
    let renewed = async {
        lab.engine.remove_volume(&note.name).await?;
        lab.engine.create_volume(&note).await
    };
    renewed.await.expect("a note");
    let verified = lab.run("verify", &["--within", "5s"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let told = "0 rows of a killed proof removed from `primary`";
    assert!(verified.stderr.contains(told), "{}", verified.stderr);
    let left = lab.left().await;
    assert_eq!(left.len(), before.len(), "{left:?}");
    drop(other);
}

/// `status` names what is left, and `heal` and the next `verify` undo it.
async fn remains(lab: Lab) {
    lab.up("physical-sync", &["--no-verify"]).await;
    let clean = lab.left().await.len();
    let before = rows(&lab, "primary").await;
    for (deed, words) in [
        ("write", "may have left rows on `primary`"),
        ("freeze", "may have left `replica` frozen"),
    ] {
        for verb in ["heal", "verify"] {
            kill_after(&lab, deed).await;
            let status = binary::lab(&["status", &lab.name]).await;
            let name = &lab.name;
            let told = format!("! a proof that was killed {words}: `lab heal {name}` undoes it");
            assert!(status.stdout.contains(&told), "{status:?}");
            let undone = lab.run(verb, &[]).await;
            assert_eq!(undone.code, Some(0), "{verb}: {undone:?}");
            let status = binary::lab(&["status", &lab.name]).await;
            assert_eq!(status.code, Some(0), "{status:?}");
            assert!(!status.stdout.contains("was killed"), "{status:?}");
            assert_eq!(rows(&lab, "primary").await, before, "{deed}, {verb}");
            assert_eq!(lab.left().await.len(), clean, "{deed}, {verb}");
        }
    }
}

/// Kills a proof that has noted such a deed. One that is faster is repeated.
async fn kill_after(lab: &Lab, deed: &str) {
    let which = Selector::LabelValue(LAB_LABEL.to_owned(), lab.name.clone());
    let is_noted = async || {
        let volumes = lab.engine.volumes(&which).await.expect("a list");
        let mut notes = volumes.iter().filter_map(|it| it.labels.get(DEED_LABEL));
        notes.any(|note| note.contains(deed))
    };
    for _ in 0..50 {
        let mut verify = Command::new(env!("CARGO_BIN_EXE_lab"))
            .args(["verify", &lab.name])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        while verify.try_wait().expect("a child").is_none() && !is_noted().await {}
        verify.kill().await.expect("killed");
        if is_noted().await {
            return;
        }
        lab.run("heal", &[]).await.document(0);
    }
    panic!("no proof was killed with a note of `{deed}`");
}

async fn killed(lab: Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("killed.yaml").display().to_string();
    std::fs::write(&path, format!("name: {}{SCENARIO}", lab.name)).expect("written");
    lab.up(&path, &["--no-verify"]).await;
    let before = (rows(&lab, "primary").await, rows(&lab, "reader").await);
    let volumes = lab.left().await.len();
    for (turn, moment) in MOMENTS.into_iter().enumerate() {
        kill_verify(&lab, Duration::from_millis(moment)).await;
        let verb = if turn % 2 == 0 { "heal" } else { "verify" };
        let undone = lab.run(verb, &[]).await;
        assert_eq!(undone.code, Some(0), "{moment} ms: {undone:?}");
        for node in ["primary", "near", "far", "reader"] {
            let found = lab.engine.find_container(&lab.container(node)).await;
            let state = found.expect("an answer").expect("a container").state;
            assert_eq!(state, ContainerState::Running, "{node} after {moment} ms");
        }
        let after = (rows(&lab, "primary").await, rows(&lab, "reader").await);
        assert_eq!(after, before, "{moment} ms, {verb}: {}", undone.stderr);
        assert_eq!(lab.left().await.len(), volumes, "a note after {moment} ms");
    }
    lab.run("status", &[]).await.document(0);
}

/// Starts a proof, and kills it unless it has ended by then.
async fn kill_verify(lab: &Lab, moment: Duration) {
    let mut verify = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["verify", &lab.name])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    if tokio::time::timeout(moment, verify.wait()).await.is_err() {
        verify.kill().await.expect("killed");
    }
}

/// The number of rows of each table.
async fn rows(lab: &Lab, node: &str) -> String {
    let count =
        "SELECT (SELECT count(*) FROM employer) || ' ' || (SELECT count(*) FROM job_seeker)";
    let asked = binary::lab(&["psql", &lab.name, node, "--", "-Atc", count]).await;
    assert_eq!(asked.code, Some(0), "{asked:?}");
    asked.stdout
}
