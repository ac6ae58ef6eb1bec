//! Nodes that were restarted, or stopped and started, by hand: replication goes on by itself.

use libtest_mimic::Trial;

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
    ]
}

/// At once after what was done by hand: `verify` waits until the servers are back.
async fn verifies(lab: &Lab) {
    lab.run("verify", &["--within", "20s"]).await.document(0);
}
