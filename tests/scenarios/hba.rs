//! A node's own lines of `pg_hba.conf` decide before those of replication.

use libtest_mimic::Trial;

use crate::binary;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_line_lets_a_node_in", "letin", |lab| async move {
            let line =
                "{ database: shopping, user: replication_user, address: replica, method: trust }";
            let set = format!("nodes.primary.hba=[{line}]");
            lab.up("physical-async", &["--no-verify", "--set", &set])
                .await;
            let entered = connect(&lab, "shopping").await;
            assert_eq!(entered.code, Some(0), "{}", entered.stderr);
            // The line is about one database, and no other line is about this one.
            let refused = connect(&lab, "postgres").await;
            assert!(
                refused.stderr.contains("no pg_hba.conf entry"),
                "{}",
                refused.stderr
            );
        }),
        trial("a_line_keeps_a_standby_out", "keepout", |lab| async move {
            let line = "{ database: replication, address: replica, method: reject }";
            let set = format!("nodes.primary.hba=[{line}]");
            let arguments = ["up", "physical-async", "--name", &lab.name, "--set", &set];
            let up = binary::lab(&arguments).await;
            assert_ne!(up.code, Some(0));
            assert!(
                up.stderr
                    .contains("pg_hba.conf rejects replication connection"),
                "{}",
                up.stderr
            );
        }),
    ]
}

/// What the replication user's connection from the replica's container to a database of the primary comes to, without
/// a password.
async fn connect(lab: &Lab, database: &str) -> binary::Ran {
    let to = format!("host=primary user=replication_user dbname={database} passfile=/nowhere");
    let command = ["psql", "--no-password", &to, "-c", "SELECT 1"];
    let mut arguments = vec!["exec", &lab.name, "replica", "--"];
    arguments.extend(command);
    binary::lab(&arguments).await
}
