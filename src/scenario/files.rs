//! The files of this host that are read: a scenario, and the SQL files that it names.
//!
//! Owns which files may be read, and how much of them. Never looks at what they say.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The largest SQL file that is read.
pub(super) const MOST_SQL_BYTES: u64 = 64 << 20;
/// The most that all SQL files of a scenario have together. A file counts as often as it is named.
pub(super) const MOST_SQL_BYTES_IN_ALL: u64 = 128 << 20;

/// Why a file that a scenario names is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// It is not below the scenario's folder.
    #[error("it is `{0}`, which is outside the scenario's folder")]
    Outside(String),
    /// It is too large.
    #[error("it is larger than 64 megabytes")]
    TooLarge,
    /// It is no text.
    #[error("it is not UTF-8: byte {0} begins no letter")]
    NotText(usize),
    /// It cannot be read.
    #[error("{0}")]
    Reading(#[from] io::Error),
}

/// Reads the SQL file that a scenario in `folder` names.
pub(super) fn sql(folder: &Path, name: &str, allow_outside: bool) -> Result<String, Refused> {
    let path = folder.join(name).canonicalize()?;
    if !allow_outside && !path.starts_with(canonical(folder)?) {
        return Err(Refused::Outside(path.display().to_string()));
    }
    let mut bytes = Vec::new();
    let file = open(&path)?;
    if file.metadata()?.len() > MOST_SQL_BYTES {
        return Err(Refused::TooLarge);
    }
    // A file may grow while it is read.
    file.take(MOST_SQL_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_SQL_BYTES {
        return Err(Refused::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| Refused::NotText(error.utf8_error().valid_up_to() + 1))
}

/// A folder without links. A file named alone is in the empty path, which is the current folder.
fn canonical(folder: &Path) -> io::Result<PathBuf> {
    let here = folder.as_os_str().is_empty();
    if here { Path::new(".") } else { folder }.canonicalize()
}

/// At most `most` bytes of a regular file and one more, which tells a larger file from one of just that size.
pub(super) fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file. Nothing else is opened, and a file that changed its kind meanwhile is not waited for.
fn open(path: &Path) -> io::Result<File> {
    regular(&fs::metadata(path)?)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(file: &Metadata) -> io::Result<()> {
    let kind = file.file_type();
    if kind.is_file() {
        return Ok(());
    }
    let kind = match kind {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    };
    let why = format!("it is {kind}, not a regular file");
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn refused(folder: &Path, name: &str) -> String {
        match sql(folder, name, false) {
            Ok(_) => panic!("`{name}` was read"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn regular_files_below_the_folder_are_read_and_no_others() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("lab");
        fs::create_dir_all(folder.join("sub")).expect("folders");
        fs::write(outer.path().join("secret.sql"), "SECRET").expect("a file");
        fs::write(folder.join("sub/a.sql"), "SELECT 1").expect("a file");
        symlink("sub/a.sql", folder.join("inside.sql")).expect("a link");
        symlink("../secret.sql", folder.join("leaves.sql")).expect("a link");
        symlink("..", folder.join("up")).expect("a link");
        symlink("round.sql", folder.join("round.sql")).expect("a link");
        let absolute = folder.join("sub/a.sql").display().to_string();
        for name in [
            "sub/a.sql",
            "sub/../inside.sql",
            "up/lab/inside.sql",
            &absolute,
        ] {
            assert_eq!(
                sql(&folder, name, false).expect("a file"),
                "SELECT 1",
                "{name}"
            );
        }
        let secret = outer.path().join("secret.sql").display().to_string();
        for name in ["../secret.sql", "leaves.sql", "up/secret.sql", &secret] {
            let why = refused(&folder, name);
            assert!(
                why.ends_with("which is outside the scenario's folder"),
                "{why}"
            );
            assert_eq!(sql(&folder, name, true).expect("a file"), "SECRET");
        }
        for name in ["", ".", "round.sql", "none.sql", "a\0.sql", "sub"] {
            refused(&folder, name);
        }
        for name in ["/dev/zero", "/proc/self/environ", "/"] {
            assert!(refused(&folder, name).contains("outside"), "{name}");
        }
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let pipe = path.join("pipe.sql");
        let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        let socket = path.join("socket.sql");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert_eq!(
            refused(path, "pipe.sql"),
            "it is a pipe, not a regular file"
        );
        assert_eq!(
            refused(path, "socket.sql"),
            "it is a socket, not a regular file"
        );
        for device in ["/dev/zero", "/dev/null"] {
            let why = sql(path, device, true).expect_err("no file").to_string();
            assert_eq!(why, "it is a device, not a regular file");
            read(Path::new(device), 10).expect_err("no file");
        }
        read(&pipe, 10).expect_err("no file");
    }

    #[test]
    fn a_file_is_text_and_not_too_large() {
        let folder = tempfile::tempdir().expect("a folder");
        let large = File::create(folder.path().join("large.sql")).expect("a file");
        large.set_len(MOST_SQL_BYTES + 1).expect("a sparse file");
        assert_eq!(
            refused(folder.path(), "large.sql"),
            "it is larger than 64 megabytes"
        );
        fs::write(folder.path().join("bytes.sql"), b"ab\xff").expect("a file");
        assert_eq!(
            refused(folder.path(), "bytes.sql"),
            "it is not UTF-8: byte 3 begins no letter"
        );
    }
}
