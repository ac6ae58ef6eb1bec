//! The logical labs: each comes up, follows as it says, verifies again, and goes without a trace.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::lab::{Lab, trial};

/// A subscription as its lab's documents must show it: node, name, upstream, how many tables it has.
type Subscriptions = &'static [(&'static str, &'static str, &'static str, usize)];

/// The labs, each with its subscriptions, and the oldest PostgreSQL that it runs on.
const LABS: &[(&str, Subscriptions, u32)] = &[
    (
        "logical-bidirectional",
        &[
            ("left", "from_right", "right", 2),
            ("right", "from_left", "left", 2),
        ],
        16,
    ),
    (
        "logical-cascade",
        &[
            ("relay", "from_source", "source", 2),
            ("sink", "from_relay", "relay", 2),
        ],
        15,
    ),
    (
        "logical-fan-in",
        &[
            ("collected", "from_market", "market", 2),
            ("collected", "from_shop", "shop", 4),
        ],
        15,
    ),
    (
        "logical-filtered",
        &[
            ("subscriber", "jobs_sub", "publisher", 1),
            ("subscriber", "shop_sub", "publisher", 2),
        ],
        15,
    ),
    (
        "logical-from-standby",
        &[("subscriber", "shop_sub", "standby", 4)],
        16,
    ),
    (
        "logical-restored",
        &[("subscriber", "shop_sub", "publisher", 4)],
        15,
    ),
    (
        "logical-shopping",
        &[("subscriber", "shop_sub", "publisher", 4)],
        15,
    ),
    (
        "tutorial-pgadmin",
        &[("subscriber", "shop_sub", "publisher", 4)],
        15,
    ),
    ("upgrade-15-to-17", &[("new", "upgrade", "old", 6)], 17),
];

/// Whether a lab's subscriptions are looked at here.
pub fn is_here(lab: &str) -> bool {
    LABS.iter().any(|(name, ..)| *name == lab)
}

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, subscriptions, since) in LABS {
        let short = name.replace("logical-", "l");
        // A lab of two versions says both itself.
        let versions: &[Option<u32>] = match (*name, *since) {
            ("upgrade-15-to-17", _) => &[None],
            (_, 15) => &[Some(15), Some(17)],
            _ => &[Some(17)],
        };
        for version in versions {
            let on = version.map_or_else(String::new, |version| format!("_on_{version}"));
            let short = format!("{short}{on}").replace('_', "");
            trials.push(trial(
                &format!("the_lab_{}_replicates{on}", name.replace('-', "_")),
                &short,
                move |lab| async move { life(&lab, name, subscriptions, *version).await },
            ));
        }
    }
    trials.push(trial(
        "a_restored_node_feeds_a_standby_of_its_own",
        "mirror",
        |lab| async move {
            let mirror = "nodes={ publisher: {}, subscriber: { restored_from: publisher }, \
                mirror: { standby_of: subscriber } }";
            let up = lab.up("logical-restored", &["--set", mirror]).await;
            assert_eq!(up["verification"]["passed"], Value::Bool(true), "{up:#}");
        },
    ));
    trials
}

async fn life(lab: &Lab, scenario: &str, subscriptions: Subscriptions, version: Option<u32>) {
    let version = version.map(|version| version.to_string());
    let arguments: Vec<&str> = version
        .iter()
        .flat_map(|version| ["--postgres", version])
        .collect();
    let up = lab.up(scenario, &arguments).await;
    proof(&up["verification"], subscriptions);
    status(lab, subscriptions).await;
    let monitor = lab.run("monitor", &[]).await.document(0);
    for (node, name, upstream, _) in subscriptions {
        let edges = monitor["edges"].as_array().expect("edges");
        let edge = edges
            .iter()
            .find(|edge| edge["name"] == *name && edge["upstream"] == *upstream);
        let edge = edge.expect("its edge");
        assert_eq!(edge["downstream"], *node, "{edge:#}");
        assert_eq!(edge["kind"], "logical", "{edge:#}");
        assert_eq!(edge["state"], "streaming", "{edge:#}");
    }
    let verified = lab.run("verify", &[]).await.document(0);
    proof(&verified, subscriptions);
    lab.run("down", &[]).await.document(0);
    assert_eq!(lab.left().await, <[String; 0]>::default());
}

/// Every subscription was seen to deliver rows, changes and removals.
fn proof(verdict: &Value, subscriptions: Subscriptions) {
    assert_eq!(verdict["passed"], Value::Bool(true), "{verdict:#}");
    let checks = verdict["checks"].as_array().expect("checks");
    for (node, subscription, upstream, _) in subscriptions {
        for claim in [
            "follows",
            "rows arrive as published",
            "updates arrive as published",
            "deletes arrive as published",
        ] {
            let name = format!("{upstream} => {node} ({subscription}): {claim}");
            let found = checks.iter().any(|check| check["name"] == name.as_str());
            assert!(found, "no check `{name}` in {verdict:#}");
        }
        let back = subscriptions
            .iter()
            .any(|(other, _, of, _)| other == upstream && of == node);
        let name =
            format!("{upstream} => {node} ({subscription}): changes do not return to their origin");
        let found = checks.iter().any(|check| check["name"] == name.as_str());
        assert_eq!(found, back, "{name}");
    }
}

async fn status(lab: &Lab, subscriptions: Subscriptions) {
    let status = lab.run("status", &[]).await.document(0);
    assert_eq!(status["healthy"], Value::Bool(true), "{status:#}");
    let nodes = status["nodes"].as_array().expect("nodes");
    for (node, name, upstream, tables) in subscriptions {
        let node = nodes.iter().find(|found| found["name"] == *node);
        let all = node.expect("the node")["subscriptions"]
            .as_array()
            .expect("a list");
        let found = all.iter().find(|found| found["name"] == *name);
        let found = found.expect("the subscription");
        assert_eq!(found["upstream"], *upstream, "{found:#}");
        assert_eq!(found["active"], Value::Bool(true), "{found:#}");
        assert_eq!(found["slot"]["wal_status"], "reserved", "{found:#}");
        assert!(
            found["slot"]["confirmed_flush_lsn"].is_string(),
            "{found:#}"
        );
        let copied = found["tables"].as_array().expect("tables");
        assert_eq!(copied.len(), *tables, "{found:#}");
        assert!(
            copied.iter().all(|table| table["state"] == "r"),
            "{found:#}"
        );
    }
}
