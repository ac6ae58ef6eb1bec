//! With TLS the log travels encrypted, and whoever comes without, or without the certificate that is asked for, is
//! refused.

use libtest_mimic::Trial;

use crate::binary;
use crate::lab::{Lab, trial};

/// Every way to replicate, through lines that ask for a certificate: base backups (one that two standbys share, one for
/// a node that goes its own way), streaming, and subscriptions.
const EVERY_WAY: &str = "\
name: certificates
tls: true
nodes:
  publisher:
    hba:
      - { type: hostssl, database: replication, address: 0.0.0.0/0, method: cert }
      - { type: hostssl, database: shopping, user: replication_user, address: 0.0.0.0/0, method: cert }
    publications:
      shop_pub: { tables: all }
  near: { standby_of: publisher }
  next: { standby_of: publisher }
  restored: { restored_from: publisher }
  subscriber:
    subscriptions:
      shop_sub: { upstream: publisher, publications: [shop_pub] }
data: [shopping]
";

/// What a client has to show. The paths are those of every node.
const CERTIFICATE: &str =
    "sslcert=/var/lib/postgresql/data/client.crt sslkey=/var/lib/postgresql/data/client.key";
const PASSWORD: &str = "passfile=/var/lib/postgresql/data/pgpass";
const NO_CERTIFICATE: &str = "sslcert=/nowhere";
const NO_PASSWORD: &str = "passfile=/nowhere";

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "replication_with_tls_goes_by_certificate_alone",
            "tls",
            |lab| async move { streaming(&lab).await },
        ),
        trial(
            "every_way_to_replicate_with_tls_shows_a_certificate",
            "cert",
            |lab| async move { every_way(&lab).await },
        ),
    ]
}

async fn streaming(lab: &Lab) {
    lab.up("physical-tls", &[]).await;
    assert_eq!(proven(lab, "primary").await, ["replica"]);

    let node = ("replica", "primary");
    let shows =
        |proof: [&str; 2]| format!("replication=true sslmode=verify-full {}", proof.join(" "));
    let with = connect(lab, node, &shows([CERTIFICATE, NO_PASSWORD])).await;
    assert_eq!(with.code, Some(0), "{}", with.stderr);
    let without = connect(lab, node, &shows([NO_CERTIFICATE, PASSWORD])).await;
    refused(&without, "connection requires a valid client certificate");
    // The node's other certificate is for a server.
    let server = CERTIFICATE.replace("client.", "server.");
    let server = connect(lab, node, &shows([&server, PASSWORD])).await;
    refused(&server, "unsupported certificate");
    let plain = format!("replication=true sslmode=disable {CERTIFICATE} {PASSWORD}");
    let plain = connect(lab, node, &plain).await;
    refused(&plain, "no pg_hba.conf entry for replication connection");

    for key in ["server.key", "client.key"] {
        let path = format!("/var/lib/postgresql/data/{key}");
        let mode = [
            "exec", &lab.name, "primary", "--", "stat", "-c", "%a", &path,
        ];
        assert_eq!(binary::lab(&mode).await.stdout.trim(), "600", "{key}");
    }
}

async fn every_way(lab: &Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("certificates.yaml");
    std::fs::write(&path, EVERY_WAY).expect("a file");
    let up = lab.up(path.to_str().expect("text"), &[]).await;
    assert_eq!(up["verification"]["passed"], true, "{up:#}");
    assert_eq!(proven(lab, "publisher").await, ["near", "next", "shop_sub"]);

    let node = ("subscriber", "publisher");
    let without = format!("dbname=shopping sslmode=verify-full {NO_CERTIFICATE} {PASSWORD}");
    let without = connect(lab, node, &without).await;
    refused(&without, "connection requires a valid client certificate");

    // A standby that becomes a primary is what others connect to, and knows them the same way.
    let near = lab.connect("near").await;
    near.batch_execute("SELECT pg_promote()")
        .await
        .expect("promoted");
    let back = format!("replication=true sslmode=verify-full {CERTIFICATE} {PASSWORD}");
    let back = connect(lab, ("publisher", "near"), &back).await;
    assert_eq!(back.code, Some(0), "{}", back.stderr);
}

/// Who replicates from a node and has shown a certificate for the replication user.
async fn proven(lab: &Lab, node: &str) -> Vec<String> {
    let sql = "SELECT application_name FROM pg_stat_ssl JOIN pg_stat_replication USING (pid) \
        WHERE ssl AND client_dn = '/CN=replication_user' ORDER BY 1";
    let client = lab.connect(node).await;
    let rows = client.query(sql, &[]).await.expect("the connections");
    rows.iter().map(|row| row.get(0)).collect()
}

/// A connection from a node's container to another node.
async fn connect(lab: &Lab, (from, to): (&str, &str), how: &str) -> binary::Ran {
    let to = format!(
        "host={to} user=replication_user sslrootcert=/var/lib/postgresql/data/root.crt {how}"
    );
    let command = ["psql", "--no-password", &to, "-c", "IDENTIFY_SYSTEM"];
    let mut arguments = vec!["exec", &lab.name, from, "--"];
    arguments.extend(command);
    binary::lab(&arguments).await
}

fn refused(ran: &binary::Ran, why: &str) {
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
}
