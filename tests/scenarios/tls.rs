//! With TLS the log travels encrypted, and whoever comes without is refused.

use libtest_mimic::Trial;

use crate::binary;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "replication_with_tls_refuses_to_go_without",
        "tls",
        |lab| async move {
            lab.up("physical-tls", &[]).await;
            let primary = lab.connect("primary").await;
            let encrypted = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_replication USING (pid) \
                WHERE application_name = 'replica'";
            let encrypted = primary
                .query_one(encrypted, &[])
                .await
                .expect("the standby");
            assert!(encrypted.get::<_, bool>(0));

            let with = connect(&lab, "verify-full").await;
            assert_eq!(with.code, Some(0), "{}", with.stderr);
            let without = connect(&lab, "disable").await;
            assert_ne!(without.code, Some(0));
            let refusal = "no pg_hba.conf entry for replication connection";
            assert!(without.stderr.contains(refusal), "{}", without.stderr);

            let others = ["exec", &lab.name, "primary", "--", "stat", "-c", "%a"];
            let key = "/var/lib/postgresql/data/server.key";
            let mode = binary::lab(&[&others[..], &[key]].concat()).await;
            assert_eq!(mode.stdout.trim(), "600");
        },
    )]
}

/// A replication connection from the replica's container to the primary.
async fn connect(lab: &Lab, sslmode: &str) -> binary::Ran {
    let home = "/var/lib/postgresql/data";
    let to = format!(
        "host=primary user=replication_user replication=true passfile={home}/pgpass \
         sslrootcert={home}/root.crt sslmode={sslmode}"
    );
    let command = ["psql", "--no-password", &to, "-c", "IDENTIFY_SYSTEM"];
    let mut arguments = vec!["exec", &lab.name, "replica", "--"];
    arguments.extend(command);
    binary::lab(&arguments).await
}
