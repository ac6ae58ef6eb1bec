//! Argument lists of PostgreSQL's programs. Programs are argv here; nothing is quoted for a shell.

use crate::name::{NodeName, SlotName, UserName};

/// Where a node's data directory is, in every container.
pub const PGDATA: &str = "/var/lib/postgresql/data/pgdata";

/// The node's own files beside its data directory, on the same volume.
pub const HOME: &str = "/var/lib/postgresql/data";

/// The password file that `primary_conninfo` and `pg_basebackup` name (manual, 32.16).
pub const PASSFILE: &str = "/var/lib/postgresql/data/pgpass";

/// The certificate of the lab's authority, by which nodes know each other.
pub const ROOT_CERTIFICATE: &str = "/var/lib/postgresql/data/root.crt";

/// The node's own certificate.
pub const CERTIFICATE: &str = "/var/lib/postgresql/data/server.crt";

/// The node's private key.
pub const KEY: &str = "/var/lib/postgresql/data/server.key";

/// What a connection string says beyond the rest (manual, 32.19.1). With `tls` the server must prove that it is the
/// node that was named.
#[must_use]
pub fn tls_options(tls: bool) -> String {
    if tls {
        format!(" sslmode=verify-full sslrootcert={ROOT_CERTIFICATE}")
    } else {
        String::new()
    }
}

/// What `initdb` gets, apart from its directory.
///
/// `--no-sync`: the template is copied, and a crash of the host in between costs a minute, not data.
/// A change here must change [`crate::cluster::template`]'s generation.
pub const INITDB: [&str; 6] = [
    "initdb",
    "--no-sync",
    "--auth=trust",
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
];

/// `pg_basebackup` of `upstream` as a standby takes it (manual: `app-pgbasebackup`).
///
/// `--checkpoint=fast` starts it at once, `--wal-method=stream` makes it complete in itself, `--slot` holds the
/// log from its beginning until the standby streams. `--no-sync`: the server that starts on it runs recovery, and
/// a lab does not outlive a crash of its host. Where it goes is for the caller to add.
#[must_use]
pub fn base_backup(
    upstream: &NodeName,
    user: &UserName,
    standby: &NodeName,
    slot: Option<&SlotName>,
    tls: bool,
) -> Vec<String> {
    let mut command = vec![
        "pg_basebackup".to_owned(),
        format!(
            "--dbname=host={upstream} user={user} passfile={PASSFILE} application_name={standby}_backup{}",
            tls_options(tls)
        ),
        "--checkpoint=fast".to_owned(),
        "--wal-method=stream".to_owned(),
        "--progress".to_owned(),
        "--no-sync".to_owned(),
        "--no-password".to_owned(),
    ];
    // Without a slot of its own it would make a temporary one.
    command.push(slot.map_or_else(|| "--no-slot".to_owned(), |slot| format!("--slot={slot}")));
    command
}

/// `primary_conninfo` of a standby (manual, 19.6.3). The password is in [`PASSFILE`].
#[must_use]
pub fn primary_conninfo(
    upstream: &NodeName,
    user: &UserName,
    application_name: &str,
    tls: bool,
) -> String {
    use super::conf::conninfo_value;
    format!(
        "host={upstream} port={} user={user} application_name={} passfile={PASSFILE}{}",
        super::PORT,
        conninfo_value(application_name),
        tls_options(tls)
    )
}

/// The line of a password file that serves `user` everywhere (manual, 32.16).
#[must_use]
pub fn passfile(user: &UserName, password: &str) -> String {
    let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
    format!("*:*:*:{user}:{escaped}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> (NodeName, UserName, NodeName) {
        (
            NodeName::new("primary").expect("a name"),
            UserName::new("replication_user").expect("a name"),
            NodeName::new("replica").expect("a name"),
        )
    }

    #[test]
    fn a_base_backup_is_fast_streams_and_holds_its_slot() {
        let (upstream, user, standby) = names();
        let slot = SlotName::new("replica_slot").expect("a name");
        let command = base_backup(&upstream, &user, &standby, Some(&slot), true);
        for wanted in [
            "--checkpoint=fast",
            "--wal-method=stream",
            "--slot=replica_slot",
            "--progress",
        ] {
            assert!(command.iter().any(|word| word == wanted), "{wanted}");
        }
        assert!(
            command[1]
                .ends_with(" sslmode=verify-full sslrootcert=/var/lib/postgresql/data/root.crt")
        );
        assert!(!command.iter().any(|word| word.contains("password=")));
    }

    #[test]
    fn a_password_with_a_colon_stays_one_field() {
        assert_eq!(
            passfile(&names().1, "a:b\\c"),
            "*:*:*:replication_user:a\\:b\\\\c\n"
        );
    }
}
