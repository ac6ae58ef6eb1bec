//! What a node's container reads on its standard input: its files, as a length and a tar (see `images/node/start.sh`).

use crate::name::Secret;
use crate::plan::{Plan, PlannedNode, Role};
use crate::server::{command, conf, hba};

use super::backup::Backup;
use super::passfile;
use super::tls::Identity;

/// One file of a frame.
struct File {
    name: String,
    content: String,
}

/// The node's files in one frame; those of TLS where it has an identity. A server that begins empty gets the superuser's
/// password with its files, so that it never listens without one.
#[must_use]
pub(super) fn of_node(
    plan: &Plan,
    node: &PlannedNode,
    backup: &Backup,
    addresses: &hba::Addresses,
    (identity, password): (Option<Identity>, Option<&Secret>),
) -> Vec<u8> {
    let user = &plan.replication_user;
    // `pg_basebackup` itself wants an empty directory; what it gives comes before these.
    let folder = match backup {
        Backup::Own | Backup::Later => "conf",
        Backup::None | Backup::Shared { .. } => "pgdata",
    };
    let file = |name: &str, content: String| File {
        name: format!("{folder}/{name}"),
        content,
    };
    let mut files = vec![
        File {
            name: "pgpass".to_owned(),
            content: command::passfile(&user.name, user.password.expose()),
        },
        file(
            "postgresql.conf",
            conf::render(node.name.as_str(), &node.settings),
        ),
        file("pg_hba.conf", hba::render(&node.name, &node.hba, addresses)),
    ];
    // In every node, so that they can be read as long as one container is there.
    let passwords = plan.hidden().passwords;
    if !passwords.is_empty() {
        files.push(File {
            name: "passwords".to_owned(),
            content: serde_json::json!(passwords).to_string(),
        });
    }
    let begins_empty = node.role == Role::Primary && node.restored_from.is_none();
    if let Some(password) = password.filter(|_| begins_empty) {
        files.push(File {
            name: "superuser.sql".to_owned(),
            content: passfile::statement(password),
        });
    }
    // Beside the data directory, like the password file: no base backup takes them along.
    if let Some(identity) = identity {
        let own = [
            ("root.crt", identity.root),
            ("server.crt", identity.server.certificate),
            ("server.key", identity.server.key),
            ("client.crt", identity.client.certificate),
            ("client.key", identity.client.key),
        ];
        files.extend(own.map(|(name, content)| File {
            name: name.to_owned(),
            content,
        }));
    }
    if let Role::Standby(_) = node.role {
        files.push(file("standby.signal", String::new()));
    }
    frame(&files)
}

fn frame(files: &[File]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(file.content.len() as u64);
        header.set_mode(0o600);
        // Writing into memory fails only where a name does not fit, and ours are short literals.
        let written = archive.append_data(&mut header, &file.name, file.content.as_bytes());
        debug_assert!(written.is_ok(), "{written:?}");
    }
    let tar = archive.into_inner().unwrap_or_default();
    let mut frame = format!("{}\n", tar.len()).into_bytes();
    frame.extend(tar);
    frame
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_frame_says_its_length_and_holds_every_file_for_its_owner_alone() {
        let frame = frame(&[
            File {
                name: "pgpass".to_owned(),
                content: "secret\n".to_owned(),
            },
            File {
                name: "standby.signal".to_owned(),
                content: String::new(),
            },
        ]);
        let line = frame
            .iter()
            .position(|byte| *byte == b'\n')
            .expect("a line");
        let length: usize = std::str::from_utf8(&frame[..line])
            .expect("text")
            .parse()
            .expect("a number");
        let tar = &frame[line + 1..];
        assert_eq!(tar.len(), length);
        let mut archive = tar::Archive::new(tar);
        let files: Vec<_> = archive
            .entries()
            .expect("entries")
            .map(|entry| {
                let mut entry = entry.expect("an entry");
                let mut text = String::new();
                entry.read_to_string(&mut text).expect("text");
                (
                    entry.path().expect("a path").display().to_string(),
                    entry.header().mode().expect("a mode"),
                    text,
                )
            })
            .collect();
        assert_eq!(
            files,
            [
                ("pgpass".to_owned(), 0o600, "secret\n".to_owned()),
                ("standby.signal".to_owned(), 0o600, String::new())
            ]
        );
    }
}
