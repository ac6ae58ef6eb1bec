//! Settings of one node that PostgreSQL does not take together.

use super::{good, wrong};

/// A scenario of one node with these settings.
fn one(conf: &str) -> String {
    format!("name: a\nnodes:\n  one:\n    conf: {{ {conf} }}\n")
}

#[test]
fn settings_with_which_no_server_starts_are_refused() {
    for (conf, message) in [
        (
            "min_wal_size: 2MB",
            "`min_wal_size` is less than two segments of WAL",
        ),
        (
            "max_wal_size: 31MB",
            "`max_wal_size` is less than two segments of WAL",
        ),
        (
            "max_connections: 3",
            "`max_connections` is 3, and 3 of them are reserved",
        ),
        (
            "superuser_reserved_connections: 60, reserved_connections: 40",
            "`max_connections` is 100, and 100 of them are reserved",
        ),
        (
            "wal_level: minimal, max_wal_senders: 0, archive_mode: always",
            "`wal_level` is `minimal`, and `archive_mode` is on",
        ),
        (
            "wal_level: minimal, max_wal_senders: 0, summarize_wal: on",
            "`wal_level` is `minimal`, and `summarize_wal` is on",
        ),
        ("ssl: on", "`one` has no certificate"),
        (
            "recovery_target_xid: 7, recovery_target: immediate",
            "`recovery_target` and `recovery_target_xid` are both targets",
        ),
    ] {
        let shown = wrong(&one(conf));
        assert!(shown.contains(message), "{shown}");
        assert!(shown.contains("= help: "), "{shown}");
    }
}

#[test]
fn settings_with_which_a_server_starts_are_taken() {
    for conf in [
        "min_wal_size: 31.6MB, max_wal_size: 32MB",
        "max_connections: 4",
        "wal_level: minimal, max_wal_senders: 0, archive_mode: off",
        "ssl: on, ssl_cert_file: /etc/ssl/certs/ssl-cert-snakeoil.pem",
        "recovery_target_xid: '', recovery_target: immediate",
    ] {
        good(&one(conf));
    }
}
