//! Every lab of the catalogue comes up, says so in its documents, verifies, and goes without a trace.

use libtest_mimic::Trial;
use serde_json::Value;
use tokio_postgres::Client;

use crate::lab::{Lab, connect, trial};

/// What a lab's documents must say of its standbys: name, upstream, `sync_state`.
type Standbys = &'static [(&'static str, &'static str, &'static str)];

/// The labs that stream, each with its standbys.
const LABS: &[(&str, Standbys)] = &[
    (
        "cascade",
        &[("relay", "primary", "async"), ("leaf", "relay", "async")],
    ),
    (
        "delayed",
        &[
            ("current", "primary", "async"),
            ("late", "primary", "async"),
        ],
    ),
    (
        "fan-out",
        &[
            ("replica_1", "primary", "async"),
            ("replica_2", "primary", "async"),
            ("replica_3", "primary", "async"),
            ("replica_4", "primary", "async"),
            ("replica_5", "primary", "async"),
            ("replica_6", "primary", "async"),
            ("replica_7", "primary", "async"),
            ("replica_8", "primary", "async"),
        ],
    ),
    ("partition-split-brain", &[("replica", "primary", "async")]),
    ("physical-async", &[("replica", "primary", "async")]),
    (
        "physical-priority",
        &[
            ("preferred", "primary", "sync"),
            ("reserve", "primary", "potential"),
        ],
    ),
    (
        "physical-quorum",
        &[
            ("replica_1", "primary", "quorum"),
            ("replica_2", "primary", "quorum"),
        ],
    ),
    ("physical-sync", &[("replica", "primary", "sync")]),
    ("physical-tls", &[("replica", "primary", "async")]),
];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, standbys) in LABS {
        for version in [15, 17] {
            trials.push(trial(
                &format!("the_lab_{}_replicates_on_{version}", name.replace('-', "_")),
                &format!("{}{version}", name.replace("physical-", "p")),
                move |lab| async move { life(&lab, name, standbys, version).await },
            ));
        }
    }
    trials
}

/// The labs whose replication is looked at here. Every other lab has steps that say what it does.
pub fn is_here(lab: &str) -> bool {
    LABS.iter().any(|(name, _)| *name == lab)
}

/// Up, status, verify, down.
async fn life(lab: &Lab, scenario: &str, standbys: Standbys, postgres: u32) {
    let up = lab
        .up(scenario, &["--postgres", &postgres.to_string()])
        .await;
    assert_eq!(text(&up["lab"]), lab.name);
    assert_eq!(text(&up["scenario"]), scenario);
    assert_eq!(up["already_up"], Value::Bool(false));
    nodes(lab, &up["nodes"], standbys, postgres).await;
    admitted(list(&up["nodes"])).await;
    no_backup_is_left(lab, standbys).await;
    proof(&up["verification"], scenario, standbys);
    timings(&up["timings_ms"]);

    status(lab, scenario, standbys).await;
    monitored(lab, standbys).await;

    let primary = connect(text(&up["nodes"][0]["dsn"])).await;
    let before = rows(&primary).await;
    let verified = lab.run("verify", &[]).await.document(0);
    proof(&verified, scenario, standbys);
    assert_eq!(rows(&primary).await, before, "a proof leaves no row");

    lab.run("down", &[]).await.document(0);
    assert_eq!(lab.left().await, <[String; 0]>::default());
}

/// `nodes[]` of `up`, and whether each `dsn` leads to such a node.
async fn nodes(lab: &Lab, nodes: &Value, standbys: Standbys, postgres: u32) {
    let nodes = list(nodes);
    assert_eq!(nodes.len(), standbys.len() + 1, "{nodes:?}");
    for node in nodes {
        let name = text(&node["name"]);
        let standby = standbys.iter().find(|(standby, ..)| *standby == name);
        assert_eq!(text(&node["role"]), role(standby.is_some()));
        assert_eq!(
            node["upstream"].as_str(),
            standby.map(|(_, upstream, _)| *upstream)
        );
        assert_eq!(text(&node["container"]), lab.container(name));
        assert!(
            text(&node["image"]).contains(&postgres.to_string()),
            "{node}"
        );
        let address: Result<std::net::Ipv4Addr, _> = text(&node["address"]).parse();
        assert!(address.is_ok(), "{node}");
        let (host, database) = (text(&node["host"]), text(&node["database"]));
        let port = node["port"].as_u64().expect("a port");
        assert_eq!(host, "127.0.0.1");
        assert_eq!(
            text(&node["dsn"]),
            format!("postgresql://postgres@{host}:{port}/{database}")
        );

        let client = connect(text(&node["dsn"])).await;
        let sql = "SELECT current_database()::text, pg_is_in_recovery(), \
            current_setting('server_version_num')::int / 10000, usesuper FROM pg_user WHERE usename = current_user";
        let row = client.query_one(sql, &[]).await.expect(sql);
        let found: (String, bool, i32, bool) = (row.get(0), row.get(1), row.get(2), row.get(3));
        let wanted = i32::try_from(postgres).expect("a version");
        assert_eq!(
            found,
            (database.to_owned(), standby.is_some(), wanted, true)
        );
    }
}

/// Every server lets every other node replicate by its address, whoever was up first, and nobody else.
async fn admitted(nodes: &[Value]) {
    let addresses = |other_than: &Value| -> Vec<String> {
        let others = nodes.iter().filter(|node| *node != other_than);
        let mut addresses: Vec<_> = others
            .map(|node| text(&node["address"]).to_owned())
            .collect();
        addresses.sort();
        addresses
    };
    for node in nodes {
        let client = connect(text(&node["dsn"])).await;
        let sql = "SELECT address, netmask FROM pg_hba_file_rules \
            WHERE 'replication' = ANY (database) AND type <> 'local' ORDER BY address";
        let rows = client.query(sql, &[]).await.expect(sql);
        let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(found, addresses(node), "{}", node["name"]);
        assert!(
            rows.iter()
                .all(|row| row.get::<_, String>(1) == "255.255.255.255")
        );
    }
}

/// A base backup that standbys shared takes no room once all have it.
async fn no_backup_is_left(lab: &Lab, standbys: Standbys) {
    for (standby, upstream, _) in standbys {
        let shared = standbys
            .iter()
            .filter(|(_, other, _)| other == upstream)
            .count()
            > 1;
        let command = ["ls", "/lab/backup"].map(str::to_owned);
        let container = lab.container(standby);
        let listed = lab
            .engine
            .exec(&container, &command, b"")
            .await
            .expect("a list");
        assert_eq!(listed.code == 0, shared, "{standby} has a volume for it");
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(
            !listed.contains("taken") && !listed.contains("new"),
            "{listed}"
        );
    }
}

/// `verification` of `up`, or what `verify` prints.
fn proof(verdict: &Value, scenario: &str, standbys: Standbys) {
    assert_eq!(verdict["passed"], Value::Bool(true), "{verdict:#}");
    let checks = list(&verdict["checks"]);
    for check in checks {
        assert_eq!(check["passed"], Value::Bool(true), "{check}");
        assert!(check["took_ms"].is_f64(), "{check}");
        assert!(!text(&check["detail"]).is_empty(), "{check}");
    }
    let names: Vec<&str> = checks.iter().map(|check| text(&check["name"])).collect();
    for (standby, upstream, _) in standbys {
        for claim in ["streams", "rows arrive", "refuses writes"] {
            let name = format!("{upstream} -> {standby}: {claim}");
            assert!(names.contains(&name.as_str()), "no `{name}` in {names:?}");
        }
    }
    // Some standby is always frozen: a commit waits for it, or it does not.
    let waits = standbys.iter().any(|(_, _, state)| *state != "async");
    let waits = if waits {
        "a commit waits"
    } else {
        "a commit does not wait"
    };
    assert!(names.iter().any(|name| name.contains(waits)), "{names:?}");
    let early = "primary -> late: rows do not arrive early";
    assert_eq!(names.contains(&early), scenario == "delayed", "{names:?}");
}

fn timings(timings: &Value) {
    let timings = timings.as_object().expect("an object");
    for phase in [
        "images",
        "network",
        "containers",
        "initialise",
        "primary",
        "roles",
        "populate",
        "base_backup",
        "stream",
        "verify",
        "total",
    ] {
        let took = timings.get(phase).and_then(Value::as_f64);
        assert!(
            took.is_some_and(|took| took >= 0.0),
            "{phase} in {timings:?}"
        );
    }
    let total = timings["total"].as_f64();
    assert!(
        timings.values().all(|took| took.as_f64() <= total),
        "{timings:?}"
    );
}

async fn status(lab: &Lab, scenario: &str, standbys: Standbys) {
    let status = lab.run("status", &[]).await.document(0);
    assert_eq!(text(&status["lab"]), lab.name);
    assert_eq!(text(&status["scenario"]), scenario);
    assert_eq!(status["healthy"], Value::Bool(true));
    let nodes = list(&status["nodes"]);
    assert_eq!(nodes.len(), standbys.len() + 1);
    for node in nodes {
        let name = text(&node["name"]);
        let standby = standbys.iter().find(|(standby, ..)| *standby == name);
        assert_eq!(text(&node["state"]), "running");
        assert_eq!(text(&node["expected_role"]), role(standby.is_some()));
        assert_eq!(node["role"], node["expected_role"]);
        assert_eq!(node["timeline"].as_i64(), Some(1), "{node}");
        let lsn = text(&node["lsn"]).split_once('/').expect("a position");
        let hex = |half| u32::from_str_radix(half, 16).is_ok();
        assert!(hex(lsn.0) && hex(lsn.1), "{node}");
        let Some((_, upstream, state)) = standby else {
            for key in ["upstream", "replay_lag_bytes", "sync_state", "slot"] {
                assert_eq!(node.get(key), Some(&Value::Null), "{key} of {node}");
            }
            continue;
        };
        assert_eq!(text(&node["upstream"]), *upstream);
        assert_eq!(text(&node["sync_state"]), *state, "{node}");
        assert!(node["replay_lag_bytes"].is_u64(), "{node}");
        let slot = &node["slot"];
        assert!(!text(&slot["name"]).is_empty());
        assert_eq!(slot["active"], Value::Bool(true), "{node}");
        assert_eq!(text(&slot["wal_status"]), "reserved", "{node}");
    }
}

/// Every standby is an edge that streams, with its lag counted.
async fn monitored(lab: &Lab, standbys: Standbys) {
    let monitor = lab.run("monitor", &[]).await.document(0);
    let edges = list(&monitor["edges"]);
    assert_eq!(edges.len(), standbys.len(), "{monitor:#}");
    for (standby, upstream, state) in standbys {
        let edge = edges.iter().find(|edge| edge["downstream"] == *standby);
        let edge = edge.expect("its edge");
        assert_eq!(text(&edge["upstream"]), *upstream);
        assert_eq!(text(&edge["kind"]), "physical");
        assert_eq!(text(&edge["state"]), "streaming");
        assert_eq!(text(&edge["sync_state"]), *state);
        assert!(edge["replay_lag_bytes"].is_i64(), "{edge:#}");
        assert_eq!(edge["slot_active"], Value::Bool(true));
    }
}

/// How many rows each table has.
async fn rows(client: &Client) -> Vec<(String, i64)> {
    let sql = "SELECT oid::regclass::text FROM pg_class \
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";
    let mut counted = Vec::new();
    for table in client.query(sql, &[]).await.expect(sql) {
        let table: String = table.get(0);
        let count = format!("SELECT count(*) FROM {table}");
        let row = client.query_one(&count, &[]).await.expect("a count");
        counted.push((table, row.get(0)));
    }
    assert!(counted.iter().any(|(_, rows)| *rows > 0), "{counted:?}");
    counted
}

fn role(is_standby: bool) -> &'static str {
    if is_standby { "standby" } else { "primary" }
}

#[track_caller]
fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

#[track_caller]
fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"))
}
