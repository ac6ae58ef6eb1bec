//! What a node may take of the machine: its container has it, and a node that wanted more says so.

use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use tokio_util::sync::CancellationToken;

use crate::binary;
use crate::lab::{Lab, trial};
use crate::runs::{AS_IT_IS, own, says};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "limits::a_node_has_its_limits_and_says_when_memory_ran_out",
        "lim",
        limited,
    )]
}

async fn limited(lab: Lab) {
    let own = own("memory", &lab, AS_IT_IS);
    lab.up(&own.path, &[]).await;
    let found = [
        given(&lab, "primary").await,
        given(&lab, "replica").await,
        given(&lab, "crowded").await,
    ];
    let mb = |count: i64| Some(count << 20);
    assert_eq!(
        found,
        [
            (mb(96), mb(96), Some(1_500_000_000), Some(64)),
            (Some(0), Some(0), Some(0), Some(8192)),
            (Some(0), Some(0), Some(0), Some(9000 + 1024)),
        ]
    );

    // The kernel kills the largest process. Without it the server starts anew.
    let failed = lab.run("step", &[]).await.document(1);
    let seen = failed["steps"][0]["seen"].as_str().expect("what was seen");
    let killed = "`primary` ran out of its 96 MB of memory, and the kernel killed 1 process of it";
    says(seen, &["08006", killed]);

    // What no process owns goes with the container alone.
    let fill = "while :; do cat /dev/zero > /dev/shm/all; done";
    let ended = binary::lab(&["exec", &lab.name, "primary", "sh", "-c", fill]).await;
    assert_eq!(ended.code, Some(137), "{ended:?}");
    let why = "it ran out of memory, and the kernel killed it";
    let never = CancellationToken::new();
    let told = wait_for(Duration::from_secs(20), &never, || async {
        let status = lab.run("status", &[]).await.document(1);
        let problem = status["nodes"][0]["problem"].clone();
        Ok::<_, std::convert::Infallible>(if problem == why {
            Probe::Ready(())
        } else {
            Probe::NotYet(problem.to_string())
        })
    });
    told.await.expect("the status says why");
    let failed = lab.run("step", &[]).await.document(1);
    let seen = failed["steps"][0]["seen"].as_str().expect("what was seen");
    says(seen, &["`primary` is not running: ", why]);
    let verified = lab.run("verify", &[]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    says(&verified.stdout, &[why]);
}

/// Memory, memory with swap, processors in billionths, processes.
type Given = (Option<i64>, Option<i64>, Option<i64>, Option<i64>);

async fn given(lab: &Lab, node: &str) -> Given {
    let container = lab.container(node);
    let found = lab.docker.inspect_container(&container, None).await;
    let host = found.expect("the container").host_config;
    let host = host.expect("a configuration");
    (
        host.memory,
        host.memory_swap,
        host.nano_cpus,
        host.pids_limit,
    )
}
