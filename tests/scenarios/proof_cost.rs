//! What a proof costs: it reads no more of large tables than of small ones.

use std::convert::Infallible;
use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use tokio_util::sync::CancellationToken;

use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "a_proof_reads_as_little_of_a_million_rows_as_of_ten_thousand",
        "cost",
        cost,
    )]
}

/// What verifying reads of the tables of a node: rows, and blocks of tables and indexes.
type Cost = (i64, i64);

async fn cost(lab: Lab) {
    let small = costs(&lab, 10_000).await;
    let large = costs(&lab, 1_000_000).await;
    for (node, (small, large)) in NODES.iter().zip(small.into_iter().zip(large)) {
        // Seconds are no measure on a busy machine. What is read is what they would go to.
        assert!(small.1 > 0, "the proof touches no table of `{node}`");
        for (what, small, large) in [("rows", small.0, large.0), ("blocks", small.1, large.1)] {
            // A worker tells of some reads a second later.
            let bound = (small + small / 2).max(small + 200);
            assert!(
                large <= bound,
                "{node}: {what}: {small}, and {large} of a million"
            );
        }
    }
}

const NODES: [&str; 2] = ["publisher", "subscriber"];

async fn costs(lab: &Lab, rows: u64) -> [Cost; 2] {
    let rows = format!("data=[{{ name: shopping, rows: {rows} }}]");
    // Workers that vacuum read tables too.
    let off = NODES.map(|node| format!("nodes.{node}.conf.autovacuum=off"));
    let mut arguments = vec![
        "--replace",
        "--no-verify",
        "--within",
        "240s",
        "--set",
        &rows,
    ];
    arguments.extend(off.iter().flat_map(|off| ["--set", off.as_str()]));
    lab.up("logical-shopping", &arguments).await;
    // The first proof fills caches, and sets the sizes of tables right.
    lab.run("verify", &[]).await.document(0);
    let before = [read(lab, NODES[0]).await, read(lab, NODES[1]).await];
    lab.run("verify", &[]).await.document(0);
    let after = [read(lab, NODES[0]).await, read(lab, NODES[1]).await];
    let took = |node: usize| {
        (
            after[node].0 - before[node].0,
            after[node].1 - before[node].1,
        )
    };
    [took(0), took(1)]
}

/// What has been read of a node's tables. A session has told of all that it read when it is gone.
async fn read(lab: &Lab, node: &str) -> Cost {
    let client = lab.connect(node).await;
    let others = "SELECT count(*) FROM pg_stat_activity \
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let cancel = CancellationToken::new();
    let alone = wait_for(Duration::from_secs(30), &cancel, || async {
        let others: i64 = client.query_one(others, &[]).await.expect("a count").get(0);
        Ok::<_, Infallible>(match others {
            0 => Probe::Ready(()),
            more => Probe::NotYet(format!("{more} other sessions")),
        })
    });
    alone.await.expect("the sessions of the proof are gone");
    let sql = "SELECT sum(coalesce(t.seq_tup_read, 0) + coalesce(t.idx_tup_fetch, 0))::int8, \
               sum(coalesce(b.heap_blks_read, 0) + coalesce(b.heap_blks_hit, 0) \
                   + coalesce(b.idx_blks_read, 0) + coalesce(b.idx_blks_hit, 0))::int8 \
               FROM pg_stat_user_tables AS t JOIN pg_statio_user_tables AS b USING (relid)";
    let row = client.query_one(sql, &[]).await.expect("counts");
    (row.get(0), row.get(1))
}
