//! The password file of a lab whose servers ask this host for a password (manual: "The Password File").
//!
//! It is the one thing of a lab outside Docker: whoever may use Docker can read labels and environments. Its name has the
//! word of the lab's claim, so a file that outlived its lab is never taken for another's. The password itself is in the
//! cluster; the lines name the ports of now, which change when a node is started again.

mod folder;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use postgres_protocol::password::scram_sha_256;

use crate::name::Secret;
use crate::plan::Plan;
use crate::scenario::HostAuth;
use crate::server::SUPERUSER;
use crate::server::client::literal;

use super::labels::Claim;
use super::{HOST, Lab, LabError};
use folder::{file_name, put, refused};

pub(super) use folder::{Passfile, all, remove};

/// Begins the line with the ID of the lab's engine. Labs of several engines have their files in one folder.
const ENGINE: &str = "# engine ";

/// Random bytes of a password. Twice as many hexadecimal digits need no escape anywhere.
const RANDOM_BYTES: usize = 20;

/// How a program on this host gets into a lab's servers.
#[derive(Debug, Clone)]
pub enum Entry {
    /// They trust it.
    Trusted,
    /// With this password of the superuser.
    Password(Secret),
    /// They ask for a password, and its file could not be read.
    Lost(PassfileError),
}

/// A password file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassfileError {
    /// No folder is known.
    #[error("neither XDG_STATE_HOME nor HOME names a folder for its password file")]
    NoFolder,
    /// It is not there.
    #[error(
        "`{}` does not exist: another user made the lab, or XDG_STATE_HOME or HOME was another, or somebody removed the file",
        .0.display()
    )]
    Missing(PathBuf),
    /// It has no line with a password.
    #[error("`{}` has no password", .0.display())]
    Empty(PathBuf),
    /// The system refuses.
    #[error("`{}`: {why}", file.display())]
    Refused {
        /// The file or the folder.
        file: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The server does not take the password.
    #[error("`{node}` does not take the password of `{}`: a statement has changed it", file.display())]
    Changed {
        /// The node.
        node: String,
        /// The file.
        file: PathBuf,
    },
    /// The system has no random bytes.
    #[error("making a random password: {0}")]
    NoRandom(String),
}

/// The password file of a lab whose servers ask this host for a password.
#[must_use]
pub fn path(plan: &Plan, claim: &Claim) -> Option<PathBuf> {
    let name = file_name(claim.lab.as_str(), &claim.word);
    let folder = folder::of_user().ok()?;
    (!plan.host_auth.is_trust()).then(|| folder.join(name))
}

/// A new password, if the plan asks for one.
pub(super) fn new_password(plan: &Plan) -> Result<Option<Secret>, LabError> {
    if plan.host_auth == HostAuth::Trust {
        return Ok(None);
    }
    let make = || {
        let mut bytes = [0_u8; RANDOM_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| PassfileError::NoRandom(error.to_string()))?;
        let text = bytes.iter().fold(String::new(), |mut text, byte| {
            _ = write!(text, "{byte:02x}");
            text
        });
        Secret::new(text).map_err(|error| PassfileError::NoRandom(error.to_string()))
    };
    make().map(Some).map_err(of_lab(plan))
}

fn of_lab(plan: &Plan) -> impl Fn(PassfileError) -> LabError {
    let lab = plan.lab.clone();
    move |source| LabError::NoPassword {
        lab: lab.clone(),
        source,
    }
}

/// The statement that gives the superuser its password. It has the hash alone.
pub(super) fn statement(password: &Secret) -> String {
    let hash = literal(&scram_sha_256(password.expose().as_bytes()));
    format!("ALTER ROLE {SUPERUSER} PASSWORD {hash}\n")
}

/// Writes the file of a lab that is being made. No port is known yet.
pub(super) fn write(
    plan: &Plan,
    claim: &Claim,
    engine: &str,
    password: &Secret,
) -> Result<(), LabError> {
    let nodes = plan.nodes.iter();
    let ports: Vec<_> = nodes.map(|node| (node.name.as_str(), None)).collect();
    let text = render(&plan.lab, engine, &ports, password);
    let name = file_name(claim.lab.as_str(), &claim.word);
    let written = folder::of_user().and_then(|folder| put(&folder, &name, &text));
    written.map_err(of_lab(plan))
}

/// One line for each node. A node that does not listen has the port 0, which nobody connects to: its old port may be
/// another program's by now.
fn render(
    lab: impl std::fmt::Display,
    engine: &str,
    ports: &[(&str, Option<u16>)],
    password: &Secret,
) -> String {
    let mut text =
        format!("# the nodes of the lab {lab}; `lab env` writes it anew\n{ENGINE}{engine}\n");
    for (node, port) in ports {
        let (port, password) = (port.unwrap_or(0), password.expose());
        _ = writeln!(text, "# {node}\n{HOST}:{port}:*:{SUPERUSER}:{password}");
    }
    text
}

/// The engine that such a text names.
fn engine_in(text: &str) -> Option<&str> {
    let named = text.lines().find_map(|line| line.strip_prefix(ENGINE));
    named.filter(|engine| !engine.is_empty())
}

/// The password in such a text.
fn password_in(text: &str) -> Option<Secret> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let password = lines.find_map(|line| line.splitn(5, ':').nth(4))?;
    Secret::new(password).ok()
}

fn read(file: &Path) -> Result<Secret, PassfileError> {
    let text = fs::read_to_string(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => PassfileError::Missing(file.to_owned()),
        _ => refused(file)(error),
    })?;
    password_in(&text).ok_or_else(|| PassfileError::Empty(file.to_owned()))
}

impl Entry {
    /// The entry to a lab that exists.
    pub(super) fn of(plan: &Plan, claim: &Claim) -> Self {
        if plan.host_auth.is_trust() {
            return Self::Trusted;
        }
        let read = match path(plan, claim) {
            Some(file) => read(&file),
            None => Err(PassfileError::NoFolder),
        };
        read.map_or_else(Self::Lost, Self::Password)
    }
}

impl Lab {
    /// The password file, if this user has one for the lab. Programs find it by `PGPASSFILE`.
    #[must_use]
    pub fn passfile(&self) -> Option<PathBuf> {
        match &self.entry {
            Entry::Password(_) => path(&self.plan, &self.claim),
            Entry::Trusted | Entry::Lost(_) => None,
        }
    }

    /// Writes the ports of now into the password file, if they are others. A node without a container is being made anew, and
    /// nothing is known of its port.
    pub(super) fn write_ports(&self) {
        let (Entry::Password(password), Some(file)) = (&self.entry, self.passfile()) else {
            return;
        };
        let Ok(there) = fs::read_to_string(&file) else {
            return;
        };
        let ports = self.nodes();
        let ports = ports.map(|(node, found)| found.map(|it| (node.name.as_str(), it.port)));
        let Some(ports) = ports.collect::<Option<Vec<_>>>() else {
            return;
        };
        let engine = engine_in(&there).unwrap_or_default();
        let text = render(&self.plan.lab, engine, &ports, password);
        let mode = fs::metadata(&file).map(|it| it.permissions().mode() & 0o777);
        let is_private = mode.is_ok_and(|mode| mode == 0o600);
        if is_private && there == text {
            return;
        }
        let (folder, name) = (file.parent(), file.file_name().and_then(|it| it.to_str()));
        if let (Some(folder), Some(name)) = (folder, name)
            && let Err(error) = put(folder, name, &text)
        {
            tracing::warn!(%error, "the password file keeps its old ports");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_node_s_endpoint_and_gives_the_password_back() {
        let secret = Secret::new("0123abcd").expect("a password");
        let ports = [("primary", Some(32768)), ("replica", None)];
        let text = render("a", "AB:CD", &ports, &secret);
        assert_eq!(
            text,
            "# the nodes of the lab a; `lab env` writes it anew\n# engine AB:CD\n# primary\n127.0.0.1:32768:*:postgres:0123abcd\n\
             # replica\n127.0.0.1:0:*:postgres:0123abcd\n"
        );
        assert_eq!(engine_in(&text), Some("AB:CD"));
        assert_eq!(engine_in("# a\n# engine \n"), None);
        assert_eq!(password_in(&text), Some(secret));
        assert_eq!(password_in("# a:b:c:d:e\n"), None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_with_its_reason() {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("a.pgpass");
        assert_eq!(read(&file), Err(PassfileError::Missing(file.clone())));
        fs::write(&file, "# nothing\n").expect("written");
        assert_eq!(read(&file), Err(PassfileError::Empty(file.clone())));
        let Err(PassfileError::Refused { .. }) = read(home.path()) else {
            panic!("a folder was read");
        };
    }

    #[test]
    fn the_statement_has_the_hash_and_not_the_password() {
        let secret = Secret::new("0123abcd").expect("a password");
        let sql = statement(&secret);
        assert!(sql.starts_with("ALTER ROLE postgres PASSWORD 'SCRAM-SHA-256$4096:"));
        assert!(!sql.contains("0123abcd"), "{sql}");
    }
}
