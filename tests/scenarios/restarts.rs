//! Nodes that were restarted, or stopped and started, by hand: replication goes on by itself.

use std::convert::Infallible;
use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::engine::{ContainerState, LAB_LABEL, Selector};
use replication_lab::wait::{Probe, wait_for};
use tokio_util::sync::CancellationToken;

use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_restarted_node_replicates_again",
            "restart",
            |lab| async move {
                lab.up("physical-sync", &["--no-verify"]).await;
                for node in ["replica", "primary"] {
                    lab.restart(node).await;
                    verifies(&lab).await;
                }
            },
        ),
        trial(
            "a_stopped_node_replicates_after_its_start",
            "stopped",
            |lab| async move {
                lab.up("physical-sync", &["--no-verify"]).await;
                for node in ["replica", "primary"] {
                    lab.stop(node).await;
                    lab.start(node).await;
                    verifies(&lab).await;
                }
            },
        ),
        trial(
            "nodes_started_in_another_order_replicate",
            "swapped",
            |lab| async move {
                lab.up("physical-quorum", &["--no-verify"]).await;
                let nodes = ["primary", "replica_1", "replica_2"];
                for node in nodes {
                    lab.stop(node).await;
                }
                // Docker gives free addresses in the order of starting: without one of its own, each would get another.
                for node in nodes.iter().rev() {
                    lab.start(node).await;
                }
                verifies(&lab).await;
            },
        ),
        trial(
            "a_relay_that_was_restarted_feeds_its_standby",
            "relay",
            |lab| async move {
                lab.up("cascade", &["--no-verify"]).await;
                for node in ["relay", "primary", "leaf"] {
                    lab.restart(node).await;
                    verifies(&lab).await;
                }
            },
        ),
        trial(
            "what_holds_a_network_or_a_disk_ends_at_once",
            "holds",
            |lab| async move { ends_at_once(&lab).await },
        ),
    ]
}

/// The first process of a container ignores SIGTERM unless it handles it, and `docker stop` waits for it.
async fn ends_at_once(lab: &Lab) {
    lab.up(
        "physical-async",
        &["--no-verify", "--set=nodes.replica.disk=256MB"],
    )
    .await;
    let cut = ["partition", "primary", "replica"];
    lab.run("fault", &cut).await.document(0);
    let which = Selector::LabelValue(LAB_LABEL.to_owned(), lab.name.clone());
    let containers = lab.engine.containers(&which).await.expect("a list");
    let names = containers.into_iter().map(|found| found.name);
    let held: Vec<String> = names
        .filter(|name| matches!(kind(name), Some("net" | "disk")))
        .collect();
    for wanted in ["net", "disk"] {
        let is_there = held.iter().any(|name| kind(name) == Some(wanted));
        assert!(is_there, "{held:?}");
    }
    for name in held {
        let sent = lab.engine.signal_container(&name, "SIGTERM").await;
        sent.expect("sent");
        let cancel = CancellationToken::new();
        let ended = wait_for(Duration::from_secs(5), &cancel, || async {
            let found = lab.engine.find_container(&name).await.expect("an answer");
            let found = found.expect("a container");
            Ok::<_, Infallible>(match found.state {
                ContainerState::Exited => Probe::Ready(found.exit_code),
                state => Probe::NotYet(format!("{name}: {state:?}")),
            })
        });
        assert_eq!(ended.await.expect("its end"), Some(0), "{name}");
    }
}

/// What a container is beside a node: `net` of `lab-a-primary.net`.
fn kind(name: &str) -> Option<&str> {
    Some(name.rsplit_once('.')?.1)
}

/// At once after what was done by hand: `verify` waits until the servers are back.
async fn verifies(lab: &Lab) {
    lab.run("verify", &["--within", "20s"]).await.document(0);
}
