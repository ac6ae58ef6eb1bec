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
        lab::trial(
            "runs::a_frozen_primary_that_was_replaced_is_not_to_be_thawed",
            "rt",
            thawed,
        ),
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

/// After a switchover every verb speaks of the present topology, and a word says where that differs from the plan.
async fn followed(lab: Lab) {
    lab.up("cascade", &["--no-verify"]).await;
    let name = lab.name.as_str();
    lab.run("follow", &["leaf", "primary"]).await.document(0);
    streams(&lab, 2, "primary").await;
    let table = binary::lab(&["status", name]).await.stdout;
    let moved = "! leaf: standby of `primary` (planned: `relay`)";
    says(&table, &[moved]);
    lab.run("promote", &["relay"]).await.document(0);
    let two = lab.run("status", &[]).await.document(1);
    says(
        &two["remarks"].to_string(),
        &["`primary` and `relay` take writes, each for itself"],
    );
    let unclear = binary::lab(&["psql", name, "--", "-c", "SELECT 1"]).await;
    assert_eq!(unclear.code, Some(2), "{unclear:?}");
    says(&unclear.stderr, &["`primary` and `relay` are primaries"]);
    let split = lab.run("verify", &[]).await.document(1);
    let only = "primary: is the only primary of its data";
    says(&split["checks"].to_string(), &[only]);
    lab.run("stop", &["primary"]).await.document(0);
    let down = binary::lab(&["psql", name, "primary", "--", "-c", "SELECT 1"]).await;
    let hint = format!("`lab rewind {name} primary relay` or `lab reclone {name} primary relay`");
    says(&down.stderr, &[&hint]);
    assert!(!down.stderr.contains("lab start"), "{down:?}");
    replaced(&lab, &hint).await;
    lab.run("reclone", &["primary", "relay"]).await.document(0);
    streams(&lab, 0, "relay").await;
    lab.run("reclone", &["leaf", "relay"]).await.document(0);
    streams(&lab, 2, "relay").await;
    switched(&lab).await;
}

/// Nobody proposes to start the old primary as it is, or to thaw it.
async fn replaced(lab: &Lab, hint: &str) {
    let name = lab.name.as_str();
    for format in ["table", "json"] {
        for verb in ["status", "monitor", "verify"] {
            let ran = binary::lab(&[verb, name, "-o", format]).await;
            assert_eq!(ran.code, Some(1), "{ran:?}");
            let all = ran.stdout + &ran.stderr;
            says(&all, &[hint]);
            assert!(!all.contains("lab start"), "{verb}: {all}");
        }
    }
    for arguments in [
        &["fault", name, "freeze", "primary"][..],
        &["exec", name, "primary", "true"],
        &["up", "cascade", "--name", name],
    ] {
        let ran = binary::lab(arguments).await;
        let all = ran.stdout + &ran.stderr;
        assert!(!all.contains("lab start"), "{arguments:?}: {all}");
    }
}

async fn thawed(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    lab.run("fault", &["freeze", "primary"]).await.document(0);
    lab.run("promote", &["replica"]).await.document(0);
    let (name, container) = (lab.name.as_str(), lab.container("primary"));
    let rewind = format!("`lab rewind {name} primary replica`");
    let wanted = [&format!("`docker kill {container}`"), &rewind];
    for arguments in [
        &["status", name][..],
        &["status", name, "-o", "json"],
        &["verify", name, "--within=2s"],
        &["verify", name, "--within=2s", "-o", "json"],
        &["psql", name, "primary"],
        &["rewind", name, "primary", "replica"],
        &["stop", name, "primary"],
        &["start", name, "primary"],
    ] {
        let ran = binary::lab(arguments).await;
        assert_ne!(ran.code, Some(0), "{ran:?}");
        let all = ran.stdout + &ran.stderr;
        says(&all, &wanted.map(String::as_str));
        for bad in ["lab start", "lab heal", "`thaw`"] {
            assert!(!all.contains(bad), "{arguments:?}: {all}");
        }
    }
    // What it says is so.
    let killed = lab.docker.kill_container(&container, None).await;
    killed.expect("killed");
    lab.run("rewind", &["primary", "replica"]).await.document(0);
    lab.run("verify", &["--within=20s"]).await.document(0);
}

/// `relay` is the primary, and the others are its standbys.
async fn switched(lab: &Lab) {
    let name = lab.name.as_str();
    let status = lab.run("status", &[]).await.document(0);
    assert_eq!(status["nodes"][0]["upstream"], "relay", "{status:#}");
    assert_eq!(status["as_planned"], false, "{status:#}");
    lab.run("status", &["--as-planned"]).await.document(1);
    let table = binary::lab(&["status", name]).await.stdout;
    says(
        &table,
        &[
            "! primary: standby of `relay` (planned: primary)",
            "! relay: primary (planned: standby)",
        ],
    );
    let asked = "SELECT current_setting('cluster_name'), pg_is_in_recovery()";
    let opened = binary::lab(&["psql", name, "--", "-Atc", asked]).await;
    assert_eq!(opened.stdout.trim(), "relay|f", "{opened:?}");
    let env = binary::lab(&["env", name]).await;
    let port = status["nodes"][1]["port"].to_string();
    says(&env.stdout, &[&format!("PGPORT={port} ")]);
    let env = lab.run("env", &[]).await.document(0);
    assert_eq!(env[1]["role"], "primary", "{env:#}");
    let monitor = lab.run("monitor", &[]).await.document(0);
    let edges = monitor["edges"].as_array().expect("edges").iter();
    let edges = edges.filter(|edge| edge["upstream"] == "relay" && edge["state"] == "streaming");
    let mut below: Vec<&str> = edges
        .filter_map(|edge| edge["downstream"].as_str())
        .collect();
    below.sort_unstable();
    assert_eq!(below, ["leaf", "primary"], "{monitor:#}");
    let proof = lab.run("verify", &[]).await.document(0);
    says(
        &proof["checks"].to_string(),
        &["relay -> primary: rows arrive"],
    );
    lab.run("verify", &["--as-planned", "--within=1s"])
        .await
        .document(1);
    let list = binary::lab(&["list", "--output=json"]).await.document(0);
    let labs = list["labs"].as_array().expect("labs");
    let own = labs.iter().find(|lab| lab["name"] == name);
    assert_eq!(own.expect("it is listed")["primaries"][0], "relay");
}

/// Waits until a node streams from another one.
async fn streams(lab: &Lab, node: usize, from: &str) {
    let never = CancellationToken::new();
    let look = || async {
        let status = lab.run("status", &[]).await.document_of_any_code();
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
