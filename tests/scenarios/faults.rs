//! Networks that are cut, slowed and healed, on real nodes.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::binary::{self, Ran};
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_partition_is_between_nodes_and_heals",
            "split",
            |lab| async move {
                passes(&lab, PARTITION).await;
            },
        ),
        trial(
            "a_partition_of_one_way_stops_both",
            "oneway",
            |lab| async move {
                passes(&lab, ONE_WAY).await;
            },
        ),
        trial(
            "faults_nest_and_heal_in_any_order",
            "nested",
            |lab| async move {
                passes(&lab, NESTED).await;
            },
        ),
        trial(
            "a_node_that_is_restarted_stays_cut_off",
            "again",
            |lab| async move {
                passes(&lab, RESTARTED).await;
            },
        ),
        trial(
            "a_slow_link_takes_no_more_than_its_rate",
            "rate",
            |lab| async move {
                passes(&lab, RATE).await;
            },
        ),
        trial(
            "a_server_whose_disk_is_full_ends_and_comes_back",
            "full",
            |lab| async move {
                passes(&lab, FULL).await;
            },
        ),
        trial(
            "a_corrupt_page_is_told_and_mended_by_another_node",
            "corrupt",
            |lab| async move {
                passes(&lab, CORRUPT).await;
            },
        ),
        trial(
            "a_standby_s_page_is_corrupt_after_a_checkpoint_or_it_is_said_why_not",
            "check",
            |lab| async move {
                let report = run(&lab, UNCHECKED).await.document(1);
                let last = report["steps"].as_array().and_then(|steps| steps.last());
                let seen = last.and_then(|step| step["seen"].as_str());
                let seen = seen.expect("what was seen");
                assert!(seen.starts_with("a checkpoint on `small`: "), "{seen}");
            },
        ),
        trial("a_fault_of_a_node_that_is_down_says_so", "down", down),
        trial("faults_are_made_seen_and_healed_by_hand", "hand", by_hand),
        trial(
            "partition_split_brain_passes_on_15_and_17",
            "brain",
            |lab| async move {
                for version in ["15", "17"] {
                    let lab = ["run", "partition-split-brain", "--name", &lab.name];
                    let more = ["--postgres", version, "--no-verify", "--output", "json"];
                    let report = binary::lab(&[&lab[..], &more].concat()).await.document(0);
                    assert_eq!(report["passed"], true);
                }
            },
        ),
        trial(
            "a_lab_is_skipped_that_requires_what_the_kernel_lacks",
            "skip",
            kernel,
        ),
    ]
}

/// Settings with which a connection that is cut is given up soon: by default that takes a minute.
const LAB: &str = "
postgres: 17
nodes:
  primary: { conf: { wal_sender_timeout: 1s } }
  replica:
    standby_of: primary
    conf: { wal_receiver_timeout: 1s, wal_retrieve_retry_interval: 200ms }
";

const PARTITION: &str = "
steps:
- sql: CREATE TABLE t (n int)
- partition: [primary, replica]
- { not: { streaming: replica }, within: 20s }
- say: This host still reaches both.
  sql: INSERT INTO t SELECT generate_series(1, 10)
- { sql: SELECT count(*) FROM t, on: replica, expect: { value: 0 } }
- partition: [replica, primary]
- heal: [primary, replica]
- heal: all
- { caught_up: replica, within: 30s }
- rows: { t: 10 }
  on: replica
";

const ONE_WAY: &str = "
steps:
- sql: CREATE TABLE t (n int)
- partition: { from: replica, to: primary, one_way: true }
- { not: { streaming: replica }, within: 20s }
- heal: { from: primary, to: replica }
- { streaming: replica, within: 30s }
";

const NESTED: &str = "
  other: { standby_of: primary, conf: { wal_receiver_timeout: 1s, wal_retrieve_retry_interval: 200ms } }
steps:
- partition: [primary, replica]
- isolate: primary
- { not: { streaming: other }, within: 20s }
- { not: { streaming: replica }, within: 20s }
- say: The link is whole though two faults had cut it; the other one is not.
  heal: { from: primary, to: replica }
- { streaming: replica, within: 30s }
- not: { streaming: other }
- heal: primary
- { streaming: other, within: 30s }
";

const RESTARTED: &str = "
steps:
- partition: [primary, replica]
- { not: { streaming: replica }, within: 20s }
- { name: one, restart: replica }
- { sql: SELECT pg_sleep(2), on: replica }
- not: { log: { has: started streaming WAL, since: one } }
  on: replica
- { name: both, restart: [replica, primary] }
- { sql: SELECT pg_sleep(2), on: replica }
- not: { log: { has: started streaming WAL, since: both } }
  on: replica
- heal: all
- { streaming: replica, within: 60s }
";

/// Two megabytes take four seconds then, and a moment otherwise.
const RATE: &str = "
steps:
- rate: { from: primary, to: replica, rate: 512kB }
- sql: CREATE TABLE t AS SELECT g, repeat(md5(g::text), 10) AS text FROM generate_series(1, 8000) AS g
- not: { caught_up: replica }
- { caught_up: replica, within: 60s }
- heal: all
- sql: CREATE TABLE u AS SELECT * FROM t
- { caught_up: replica, within: 20s }
";

/// The other disk keeps its content while its node is stopped, for that is in memory.
const FULL: &str = "
  small: { disk: 256MB }
steps:
- { sql: CREATE TABLE t (n int), on: small }
- { sql: INSERT INTO t VALUES (1), on: small }
- { restart: small }
- fill: small
- say: A table that has to grow is an error.
  sql: INSERT INTO t SELECT generate_series(1, 100000)
  on: small
  expect: { error: '53100' }
- say: A log that has to grow is the server's end, and recovery cannot write it either.
  name: end
  sql: SELECT pg_switch_wal(); SELECT pg_logical_emit_message(true, 'a', 'b')
  on: small
  expect: { error: {} }
- { log: { has: 'PANIC:  could not write to file', since: end }, on: small, within: 30s }
- { log: { has: database system is shut down, since: end }, on: small, within: 30s }
- heal: small
- heal: all
- { start: small, within: 30s }
- { sql: INSERT INTO t VALUES (2), on: small }
- { rows: { t: 2 }, on: small }
";

const CORRUPT: &str = "
steps:
- sql: CREATE TABLE t AS SELECT generate_series(1, 1000) AS n
- { caught_up: replica, within: 20s }
- { corrupt: t, on: replica, within: 30s }
- { sql: SELECT count(*) FROM t, on: replica, expect: { error: XX001 } }
- { sql: SELECT count(*) FROM t, expect: { value: 1000 } }
- reclone: { node: replica, upstream: primary }
- { sql: SELECT count(*) FROM t, on: replica, expect: { value: 1000 } }
- corrupt: { table: t, block: 2 }
- { sql: SELECT count(*) FROM t, expect: { error: XX001 } }
";

const UNCHECKED: &str = "
  small: { disk: 256MB }
  copy: { standby_of: small }
steps:
- { sql: 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS n', on: small }
- { caught_up: copy, within: 20s }
- fill: small
- { corrupt: t, on: copy, within: 10s }
";

/// Of a link it is said beside, for the node has that fault when it starts.
async fn down(lab: Lab) {
    let report = run(&lab, DOWN).await.document(1);
    let last = report["steps"].as_array().and_then(|steps| steps.last());
    let seen = last.map(|step| step["seen"].as_str().unwrap_or_default());
    let seen = seen.expect("what was seen");
    assert!(seen.starts_with("`replica` is not running: "), "{seen}");
    let cut = &report["steps"][1]["seen"];
    let cut = cut.as_str().expect("what was seen");
    assert!(
        cut.ends_with("; replica is down and gets it when it starts"),
        "{cut}"
    );
    assert!(
        seen.contains(&format!("`lab start {} replica`", lab.name)),
        "{seen}"
    );
}

const DOWN: &str = "
steps:
- stop: replica
- partition: [primary, replica]
- freeze: replica
";

/// Runs steps on a primary and a standby; further nodes come first.
async fn run(lab: &Lab, steps: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lab.yaml");
    let text = format!("name: faults\n{LAB}{steps}");
    tokio::fs::write(&path, text).await.expect("written");
    let path = path.to_str().expect("a path");
    binary::lab(&[
        "run",
        path,
        "--name",
        &lab.name,
        "--no-verify",
        "--output",
        "json",
    ])
    .await
}

/// Every step brings what it should, and nothing is left.
async fn passes(lab: &Lab, steps: &str) {
    let report = run(lab, steps).await.document(0);
    assert_eq!(report["passed"], true);
    assert_eq!(lab.left().await, Vec::<String>::new());
}

/// As somebody does whose run was killed: another process sees the faults and heals them.
async fn by_hand(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    let done = fault(&lab, &["partition", "primary", "replica"]).await;
    assert_eq!(done["seen"], "primary and replica do not reach each other");
    // Nothing is written, so no server knows yet.
    let monitor = lab.run("monitor", &[]).await.document(1);
    let edge = &monitor["edges"][0];
    assert_eq!(edge["state"], "streaming", "{monitor:#}");
    assert_eq!(edge["hindered_by"][0], "link_cut", "{monitor:#}");
    lab.run("status", &[]).await.document(1);
    fault(&lab, &["freeze", "replica"]).await;
    let status = lab.run("status", &[]).await.document_of_any_code();
    assert_eq!(status["faults"].as_array().map(Vec::len), Some(2));
    assert_eq!(status["nodes"][1]["state"], "paused");
    let table = binary::lab(&["status", &lab.name]).await.stdout;
    assert!(
        table.contains("! primary and replica do not reach each other"),
        "{table}"
    );
    for _ in 0..2 {
        let healed = lab.run("heal", &[]).await.document(0);
        assert_eq!(healed["faults"].as_array().map(Vec::len), Some(0));
    }
    lab.run("verify", &["--within", "30s"]).await.document(0);
    let wrong = lab.run("fault", &["partition", "primary", "nobody"]).await;
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    let wrong = lab.run("fault", &["partition", "primary"]).await;
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    absent_netem(&lab).await;
    let corrupt = fault(&lab, &["corrupt", "replica", "products"]).await;
    let seen = corrupt["seen"].as_str().unwrap_or_default();
    assert!(seen.contains("page 0 of"), "{seen}");
    let read = lab
        .connect("replica")
        .await
        .query("SELECT count(*) FROM products", &[])
        .await;
    assert!(read.is_err(), "the page can be read");
    let wrong = lab.run("fault", &["corrupt", "nobody", "products"]).await;
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    // With faults in force, too, everything goes.
    fault(&lab, &["isolate", "replica"]).await;
    binary::lab(&["down", &lab.name]).await;
    assert_eq!(lab.left().await, Vec::<String>::new());
}

/// That the kernel has no `netem`, where it has none, is said of a link that is cut as well.
async fn absent_netem(lab: &Lab) {
    fault(lab, &["partition", "primary", "replica"]).await;
    let delayed = lab
        .run("fault", &["delay", "primary", "replica", "100ms"])
        .await;
    if delayed.code != Some(0) {
        assert_eq!(delayed.code, Some(3), "{}", delayed.stderr);
        assert!(
            delayed.stderr.contains("this kernel has no `netem`"),
            "{}",
            delayed.stderr
        );
    }
    let healed = lab.run("heal", &[]).await.document(0);
    assert_eq!(healed["faults"].as_array().map(Vec::len), Some(0));
}

async fn fault(lab: &Lab, more: &[&str]) -> Value {
    lab.run("fault", more).await.document(0)
}

/// Where there is `netem`, packets are late; elsewhere nothing is made, and it is said why.
async fn kernel(lab: Lab) {
    let steps = "
steps:
- delay: { from: primary, to: replica, time: 300ms }
- sql: CREATE TABLE t (n int)
- not: { caught_up: replica }
- { caught_up: replica, within: 20s }
";
    let ran = run(&lab, steps).await;
    if ran.code == Some(0) {
        return;
    }
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("has no `netem`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("requires:"), "{}", ran.stderr);
    assert_eq!(lab.left().await, Vec::<String>::new());
    let report = run(&lab, &format!("\nrequires: netem\n{steps}"))
        .await
        .document(0);
    assert_eq!(report["passed"], false);
    let reason = report["skipped"].as_str().expect("a reason");
    assert!(reason.contains("has no `netem`"), "{reason}");
    assert_eq!(lab.left().await, Vec::<String>::new());
    // Beside another one it is no failure either.
    let folder = tempfile::tempdir().expect("a folder");
    let [skipped, other] = ["requires: netem", "about: nothing"].map(|key| {
        let name = format!("{}-{}", lab.name, &key[..1]);
        let path = folder.path().join(format!("{name}.yaml"));
        let text =
            format!("name: {name}\n{key}\nnodes: {{ p: {{}} }}\nsteps: [{{ sql: SELECT 1 }}]\n");
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    });
    let both = binary::lab(&["run", &skipped, &other]).await;
    assert_eq!(both.code, Some(0), "{}", both.stderr);
    assert!(both.stderr.contains("was skipped after"), "{}", both.stderr);
}
