//! What is done in a lab by several processes: what one captured, and what none may do to another's node.

use std::convert::Infallible;
use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use tokio_util::sync::CancellationToken;

use crate::binary;
use crate::lab::{self, Lab};
use crate::runs::says;

pub fn trials() -> Vec<Trial> {
    vec![
        lab::trial(
            "runs::what_was_captured_is_known_to_a_later_process",
            "rc",
            captured,
        ),
        lab::trial("runs::no_node_streams_from_itself", "rn", circle),
        lab::trial("runs::status_knows_whom_a_node_follows", "rf", followed),
    ]
}

async fn captured(lab: Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("captured.yaml").display().to_string();
    let text = "
nodes: { primary: {} }
steps:
- { sql: SELECT 'it''s', capture: word }
- { sql: 'SELECT ${word}', expect: { value: it's } }
teardown:
- { sql: 'SELECT ${word}', expect: { value: it's } }
";
    let text = format!("name: {}\ntitle: A value\n{text}", lab.name);
    std::fs::write(&path, text).expect("written");
    lab.up(&path, &["--no-verify"]).await;
    let run = ["run", &path, "--output=json", "--from=2"];
    let unknown = binary::lab(&run).await.document(1);
    assert_eq!(
        unknown["steps"][0]["seen"],
        "`${word}` has no value: the step that captures it has not run",
        "{unknown:#}"
    );
    lab.run("step", &[]).await.document(0);
    lab.run("step", &[]).await.document(0);
    binary::lab(&run).await.document(0);
    // The teardown knows it as well.
    let whole = ["run", &path, "--replace", "--output=json"];
    let whole = binary::lab(&whole).await.document(0);
    assert_eq!(whole["steps"][2]["number"], "t1", "{whole:#}");
    // Steps of another scenario have nothing to go on with.
    let name = format!("--name={}", lab.name);
    lab.up(&path, &["--no-verify"]).await;
    let other = binary::lab(&["run", "sync-blocks", &name, "--from=2"]).await;
    assert_eq!(other.code, Some(2), "{other:?}");
    says(&other.stderr, &["was made from", "not from `sync-blocks`"]);
}

async fn followed(lab: Lab) {
    lab.up("cascade", &["--no-verify"]).await;
    lab.run("follow", &["leaf", "primary"]).await.document(0);
    streams(&lab, 2, "primary").await;
    let table = binary::lab(&["status", &lab.name]).await.stdout;
    says(
        &table,
        &["! leaf: streams from `primary` (planned: `relay`)"],
    );
    // In this order the primary has nothing that the new one lacks.
    lab.run("stop", &["primary"]).await.document(0);
    lab.run("promote", &["relay"]).await.document(0);
    lab.run("follow", &["primary", "relay"]).await.document(0);
    streams(&lab, 0, "relay").await;
    let table = binary::lab(&["status", &lab.name]).await.stdout;
    says(
        &table,
        &["! primary: standby of `relay` (planned: primary)"],
    );
}

/// Waits until a node streams from another one.
async fn streams(lab: &Lab, node: usize, from: &str) {
    let never = CancellationToken::new();
    let look = || async {
        let status = lab.run("status", &[]).await.document(1);
        let seen = &status["nodes"][node]["streams_from"];
        Ok::<_, Infallible>(if seen == from {
            Probe::Ready(())
        } else {
            Probe::NotYet(seen.to_string())
        })
    };
    let waited = wait_for(Duration::from_secs(30), &never, look).await;
    waited.expect("it streams");
}

async fn circle(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    let wrong = lab.run("follow", &["primary", "primary"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    let wrong = lab.run("follow", &["primary", "replica"]).await.document(1);
    let seen = "`replica` streams from `primary`: `promote` it first";
    assert_eq!(wrong["seen"], seen, "{wrong:#}");
    lab.run("fault", &["freeze", "replica"]).await.document(0);
    let frozen = lab
        .run("reclone", &["replica", "primary"])
        .await
        .document(1);
    let frozen = frozen["seen"].to_string();
    says(
        &frozen,
        &["is frozen", &format!("`lab heal {} replica`", lab.name)],
    );
    lab.run("heal", &[]).await.document(0);
    lab.run("reclone", &["replica", "primary"])
        .await
        .document(0);
}
