//! Argument lists of PostgreSQL's programs. Programs are argv here; nothing is quoted for a shell.

use crate::name::{DatabaseName, NodeName, SlotName, UserName};

/// A node's data directory, in every container.
pub const PGDATA: &str = "/var/lib/postgresql/data/pgdata";

/// The volume of a node, in every container that has it. Tablespaces outside the data directory belong here.
pub const VOLUME: &str = "/var/lib/postgresql";

/// The node's own files beside its data directory, on the same volume.
pub const HOME: &str = "/var/lib/postgresql/data";

/// The password file that `primary_conninfo` and `pg_basebackup` name (manual: "The Password File").
pub const PASSFILE: &str = "/var/lib/postgresql/data/pgpass";

/// The passwords in the lab's steps, as a JSON list. Public places have placeholders instead.
pub const PASSWORDS: &str = "/var/lib/postgresql/data/passwords";

/// The certificate of the lab's authority, by which nodes verify each other.
pub const ROOT_CERTIFICATE: &str = "/var/lib/postgresql/data/root.crt";

/// The node's certificate as a server.
pub const CERTIFICATE: &str = "/var/lib/postgresql/data/server.crt";

/// The private key for it.
pub const KEY: &str = "/var/lib/postgresql/data/server.key";

/// The node's certificate as a client, which names the replication user.
pub const CLIENT_CERTIFICATE: &str = "/var/lib/postgresql/data/client.crt";

/// The private key for it. Neither side accepts a key that others can read (manual: "Secure TCP/IP Connections with SSL" and
/// "SSL Support").
pub const CLIENT_KEY: &str = "/var/lib/postgresql/data/client.key";

/// Where a new base backup has its tablespaces before they replace those of the node (`images/node/tablespaces.sh`).
pub const NEW_TABLESPACES: &str = "/var/lib/postgresql/data/lab-new.tablespaces";

/// The volume that all nodes share, in labs that archive WAL or keep base backups.
pub const ARCHIVE: &str = "/lab/archive";

/// While this file exists, the archive is broken: no segment goes in or out.
pub const ARCHIVE_BROKEN: &str = "/lab/archive/.broken";

/// `archive_command`: a segment appears in the archive whole or not at all (manual: "Continuous Archiving and Point-in-Time
/// Recovery (PITR)").
#[must_use]
pub fn archive_command() -> String {
    format!(
        "test ! -e {ARCHIVE_BROKEN} && cp %p {ARCHIVE}/%f.part && mv {ARCHIVE}/%f.part {ARCHIVE}/%f"
    )
}

/// `restore_command` (manual: "Recovering Using a Continuous Archive Backup"). It reports a missing segment only by its exit
/// code: every recovery ends with one.
#[must_use]
pub fn restore_command() -> String {
    format!("test ! -e {ARCHIVE_BROKEN} && test -f {ARCHIVE}/%f && cp {ARCHIVE}/%f %p")
}

/// The TLS part of a connection string (manual: "SSL Support"). With `tls` the server must prove that it is the named node,
/// and the client offers a certificate. A server verifies that certificate even if its `pg_hba.conf` asks for a password.
#[must_use]
pub fn tls_options(tls: bool) -> String {
    if tls {
        format!(
            " sslmode=verify-full sslrootcert={ROOT_CERTIFICATE} sslcert={CLIENT_CERTIFICATE} sslkey={CLIENT_KEY}"
        )
    } else {
        String::new()
    }
}

/// The arguments of `initdb`, without its directory.
///
/// `--no-sync`: the template is copied, and a crash of the host in between costs a minute, not data.
/// A change here must change `lab::template`'s generation.
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
    // Without a slot it creates a temporary one, so that WAL that it still needs is not removed.
    command.extend(slot.map(|slot| format!("--slot={slot}")));
    command
}

/// `primary_conninfo` of a standby (manual: "Standby Servers"). The password is in [`PASSFILE`].
///
/// `database` is where a slot synchronisation worker connects (manual: "Replication Slot Synchronization"). Streaming does
/// not use it.
#[must_use]
pub fn primary_conninfo(
    upstream: &NodeName,
    user: &UserName,
    application_name: &str,
    database: Option<&DatabaseName>,
    tls: bool,
) -> String {
    use super::conf::conninfo_value;
    let database = database.map_or_else(String::new, |database| format!(" dbname={database}"));
    format!(
        "host={upstream} port={} user={user} application_name={} passfile={PASSFILE}{}{database}",
        super::PORT,
        conninfo_value(application_name),
        tls_options(tls)
    )
}

/// The line of a password file that serves `user` everywhere (manual: "The Password File").
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
        assert!(command[1].ends_with(
            " sslmode=verify-full sslrootcert=/var/lib/postgresql/data/root.crt \
             sslcert=/var/lib/postgresql/data/client.crt sslkey=/var/lib/postgresql/data/client.key"
        ));
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
