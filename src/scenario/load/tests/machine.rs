//! What a node may take of the machine.

use super::{good, wrong};
use crate::plan::Plan;

#[test]
fn what_no_server_or_machine_has_is_refused() {
    for (node, said) in [
        (
            "memory: 63MB",
            "`63MB`: a node has between 64MB and 64TB of memory",
        ),
        (
            "memory: 512",
            "`512`: a node has between 64MB and 64TB of memory",
        ),
        ("memory: 512m", "`512m` is not a size: `m` is no unit"),
        ("memory: -1GB", "`-1GB` is not a size: it is out of range"),
        ("memory: ", "a size is wanted, such as `512MB`"),
        (
            "cpus: 0",
            "`0`: a node has between 0.01 and 4096 processors",
        ),
        (
            "cpus: .nan",
            "`NaN`: a node has between 0.01 and 4096 processors",
        ),
        (
            "cpus: 1 core",
            "`1 core`: a number of processors is wanted, such as `1.5`",
        ),
        (
            "pids: 31",
            "`31`: a node has between 32 and 4194304 processes",
        ),
        (
            "pids: 99.5",
            "`99.5`: a whole number of processes is wanted, such as `200`",
        ),
        (
            "memory: 100MB",
            "`primary` has 100MB of memory, and its `shared_buffers` are 128MB, the default",
        ),
        (
            "memory: 2GB, conf: { shared_buffers: 2GB }",
            "`primary` has 2GB of memory, and its `shared_buffers` are 2GB",
        ),
        // Without a unit it counts blocks.
        (
            "memory: 1GB, conf: { Shared_Buffers: 131072 }",
            "`primary` has 1GB of memory, and its `shared_buffers` are 1GB",
        ),
        (
            "memory: 512MB, disk: 512MB",
            "`primary` has 512MB of memory, and its `disk` of 512MB is memory too",
        ),
    ] {
        let shown = wrong(&format!("name: a\nnodes:\n  primary: {{ {node} }}\n"));
        assert!(
            shown.starts_with(&format!("error: {said}")),
            "{node}:\n{shown}"
        );
        assert!(shown.contains("--> a.yaml:3:"), "{node}:\n{shown}");
    }
}

#[test]
fn limits_are_in_the_plan_and_a_crowded_server_has_processes_enough() {
    let loaded = good(
        "name: a\nnodes:\n  one: { memory: 160MB, cpus: 1, pids: 200 }\n  \
         two: { memory: 100MB, conf: { shared_buffers: 64MB }, cpus: '0.25' }\n  \
         three: { conf: { max_connections: 20000 } }\n",
    );
    let plan = Plan::resolve(&loaded.scenario, &loaded.sql, None);
    let nodes = plan.nodes.iter();
    let said: Vec<String> = nodes.map(|node| node.limits.words()).collect();
    assert_eq!(
        said,
        [
            "160 MB of memory, 1 processor, 200 processes",
            "100 MB of memory, 0.25 processor",
            "21024 processes",
        ]
    );
}
