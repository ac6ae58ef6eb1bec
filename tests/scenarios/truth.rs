//! What `status` says is what is: of a lab that is not as planned, one that has diverged, and slots that somebody made.

use std::convert::Infallible;
use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::binary;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_standby_that_is_not_as_planned_is_not_healthy",
            "offplan",
            off_plan,
        ),
        trial(
            "a_standby_that_has_diverged_streams_from_nobody",
            "apart",
            apart,
        ),
        trial(
            "primaries_that_pg_rewind_cannot_part_are_told_to_reclone",
            "twins",
            twins,
        ),
        trial("a_slot_that_somebody_made_is_not_missing", "slots", slots),
    ]
}

async fn execute(lab: &Lab, node: &str, statements: &[&str]) {
    let client = lab.connect(node).await;
    for sql in statements {
        client.batch_execute(sql).await.expect(sql);
    }
}

/// Waits until the table of `status` has words and it ends with a code.
async fn status(lab: &Lab, code: i32, words: &str) -> Value {
    let cancel = CancellationToken::new();
    let waited = wait_for(Duration::from_secs(15), &cancel, || async {
        let table = binary::lab(&["status", &lab.name]).await;
        let is_so = table.code == Some(code) && table.stdout.contains(words);
        Ok::<_, Infallible>(if is_so {
            Probe::Ready(())
        } else {
            Probe::NotYet(format!("{:?}: {}", table.code, table.stdout))
        })
    });
    waited.await.expect(words);
    let document = lab.run("status", &[]).await.document(code);
    assert_eq!(document["healthy"], code == 0, "{document:#}");
    document
}

async fn off_plan(lab: Lab) {
    lab.up("physical-sync", &["--no-verify"]).await;
    let reload = "SELECT pg_reload_conf()";
    let late = "ALTER SYSTEM SET recovery_min_apply_delay = '1h'";
    let names = "ALTER SYSTEM SET synchronous_standby_names = ''";
    let ways = [
        (
            "replica",
            &["SELECT pg_wal_replay_pause()"][..],
            "! replica: replay is paused",
            &["SELECT pg_wal_replay_resume()"][..],
        ),
        (
            "replica",
            &[late, reload],
            "! replica: replays 1 h late (planned: at once)",
            &["ALTER SYSTEM RESET recovery_min_apply_delay", reload],
        ),
        (
            "primary",
            &[names, reload],
            "! replica: is `async` (planned: `sync`)",
            &[
                "ALTER SYSTEM SET synchronous_standby_names = 'replica_node'",
                reload,
            ],
        ),
    ];
    for (node, change, words, back) in ways {
        execute(&lab, node, change).await;
        status(&lab, 1, words).await;
        if words.contains("1 h") {
            let verdict = lab.run("verify", &["--within=1s"]).await.document(1);
            let told = "`replica` replays 1 h late: `recovery_min_apply_delay` is set";
            assert!(verdict.to_string().contains(told), "{verdict:#}");
        }
        execute(&lab, node, back).await;
        status(&lab, 0, "replica_slot (reserved)").await;
    }
}

async fn apart(lab: Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("apart.yaml").display().to_string();
    let steps = "title: A standby that is ahead of the new primary
nodes: { p: {}, a: { standby_of: p }, b: { standby_of: p } }
data: [jobs]
steps:
- partition: [p, a]
- { sql: \"INSERT INTO employer (id, name, industry) VALUES (30, 'x', 'y')\", on: p }
- caught_up: b
- kill: p
- heal: all
- promote: a
- { follow: { node: b, upstream: a }, expect: { error: { has: diverged } } }
";
    std::fs::write(&path, format!("name: {}\n{steps}", lab.name)).expect("written");
    let run = ["run", &path, "--keep=always", "--output=json"];
    binary::lab(&run).await.document(0);
    // Its receiver stays connected, or comes again every five seconds.
    for _ in 0..5 {
        let seen = lab.run("status", &[]).await.document(1);
        let b = &seen["nodes"][2];
        assert_eq!(b["streams_from"], Value::Null, "{b:#}");
        assert_eq!(b["upstream"], "a", "{b:#}");
        assert_eq!(b["hindered_by"][0], "diverged", "{b:#}");
    }
    let table = binary::lab(&["status", &lab.name]).await.stdout;
    for words in [
        "! `b` has diverged from `a`: their histories fork at ",
        "! b: does not stream from `a`",
        "! a: primary (planned: standby)",
    ] {
        assert!(table.contains(words), "{table}");
    }
    let verdict = lab.run("verify", &["--within=2s"]).await.document(1);
    assert!(verdict.to_string().contains("`b` has diverged from `a`"));
    // A distance between two histories means nothing.
    let monitor = lab.run("monitor", &[]).await.document(1);
    let edges = monitor["edges"].as_array().expect("edges").iter();
    let to_b: Vec<&Value> = edges.filter(|edge| edge["downstream"] == "b").collect();
    assert!(!to_b.is_empty(), "{monitor:#}");
    for edge in to_b {
        assert_eq!(edge["hindered_by"][0], "diverged", "{edge:#}");
        for lag in ["sent", "write", "flush", "replay"] {
            assert_eq!(edge[format!("{lag}_lag_bytes")], Value::Null, "{edge:#}");
        }
    }
    let table = binary::lab(&["monitor", &lab.name]).await;
    assert_eq!(table.code, Some(1), "{table:?}");
    let fork = "! `b` has diverged from `a`: their histories fork at ";
    let negative = |word: &str| {
        word.strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    assert!(table.stdout.contains(fork), "{}", table.stdout);
    assert!(
        !table.stdout.split_whitespace().any(negative),
        "{}",
        table.stdout
    );
}

async fn twins(lab: Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("twins.yaml").display().to_string();
    let steps = "title: Two standbys promoted apart
nodes: { p: {}, one: { standby_of: p }, two: { standby_of: p } }
data: [jobs]
steps:
- kill: p
- promote: one
- promote: two
- { sql: \"INSERT INTO employer (id, name, industry) VALUES (77, 'x', 'y')\", on: one }
- timeline: { one: 2, two: 2 }
";
    std::fs::write(&path, format!("name: {}\n{steps}", lab.name)).expect("written");
    let run = ["run", &path, "--keep=always", "--output=json"];
    binary::lab(&run).await.document(0);
    let name = &lab.name;
    let reclone = format!("`lab reclone {name} one two` makes `one` a standby of `two`");
    let seen = status(&lab, 1, &reclone).await;
    let remarks = seen["remarks"].to_string();
    assert!(
        remarks.contains("p: `one` and `two` took its place, each for itself"),
        "{remarks}"
    );
    assert!(!remarks.contains("lab rewind"), "{remarks}");
    assert!(!remarks.contains("is the primary now"), "{remarks}");
    let recloned = binary::lab(&["reclone", name, "one", "two"]).await;
    assert_eq!(recloned.code, Some(0), "{}", recloned.stderr);
    // One primary is left, and has taken the place of the first one.
    let rewind = format!("p: `two` is the primary now: `lab rewind {name} p two`");
    let seen = status(&lab, 1, &rewind).await;
    assert_eq!(seen["nodes"][1]["streams_from"], "two", "{seen:#}");
}

async fn slots(lab: Lab) {
    lab.up("logical-shopping", &["--no-verify"]).await;
    let slot = "SELECT pg_create_logical_replication_slot('own', 'pgoutput')";
    execute(&lab, "publisher", &[slot]).await;
    let client = lab.connect("subscriber").await;
    let asked = client.query_one("SELECT subconninfo FROM pg_subscription", &[]);
    let conninfo: String = asked.await.expect("a subscription").get(0);
    let address = lab.run("status", &[]).await.document(0);
    let address = address["nodes"][0]["address"].as_str().expect("an address");
    let by_address = conninfo.replace("host=publisher", &format!("host={address}"));
    let create = |name: &str, conninfo: &str, with: &str| {
        format!(
            "CREATE SUBSCRIPTION {name} CONNECTION '{conninfo}' PUBLICATION shop_pub WITH (copy_data = false, {with})"
        )
    };
    let own = create(
        "own_sub",
        &by_address,
        "create_slot = false, slot_name = own",
    );
    client.batch_execute(&own).await.expect("it is created");
    // Of several hosts it is the other one.
    let hosts = conninfo.replace("host=publisher", "host=subscriber,publisher");
    let many = create("many_sub", &hosts, "connect = false, slot_name = own");
    client.batch_execute(&many).await.expect("it is created");
    let none = create("none_sub", &conninfo, "connect = false, slot_name = NONE");
    client.batch_execute(&none).await.expect("it is created");
    let seen = lab.run("status", &[]).await.document_of_any_code();
    let all = seen["nodes"][1]["subscriptions"]
        .as_array()
        .expect("a list");
    let of = |name: &str| all.iter().find(|it| it["name"] == name).expect(name);
    assert_eq!(of("own_sub")["slot"]["exists"], true, "{all:#?}");
    assert_eq!(of("many_sub")["slot"]["exists"], true, "{all:#?}");
    assert_eq!(of("many_sub")["upstream"], "publisher", "{all:#?}");
    assert_eq!(of("none_sub")["slot"], Value::Null, "{all:#?}");
    let table = binary::lab(&["status", &lab.name]).await.stdout;
    assert!(table.contains("own (reserved)"), "{table}");
    assert!(!table.contains("missing"), "{table}");
    let monitor = binary::lab(&["monitor", &lab.name]).await.stdout;
    assert!(!monitor.contains("missing"), "{monitor}");
    // What is gone is said to be missing.
    execute(&lab, "subscriber", &["ALTER SUBSCRIPTION own_sub DISABLE"]).await;
    let cancel = CancellationToken::new();
    let waited = wait_for(Duration::from_secs(15), &cancel, || async {
        let publisher = lab.connect("publisher").await;
        let drop = "SELECT pg_drop_replication_slot('own')";
        let dropped = publisher.batch_execute(drop).await;
        Ok::<_, Infallible>(match dropped {
            Ok(()) => Probe::Ready(()),
            Err(error) => Probe::NotYet(error.to_string()),
        })
    });
    waited.await.expect("dropped");
    let table = binary::lab(&["status", &lab.name]).await.stdout;
    assert!(table.contains("own (missing)"), "{table}");
}
