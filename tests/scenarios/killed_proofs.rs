//! `kill -9` of `lab verify` at some moments: `heal`, or the next `verify`, undoes what it left.

use std::process::Stdio;
use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::engine::ContainerState;
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
    vec![trial(
        "a_proof_that_is_killed_leaves_nothing",
        "killed",
        killed,
    )]
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
    asked.stdout
}
