//! The folder with the password files, and what is in it.

use std::fs::{self, DirBuilder, DirEntry, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{PassfileError, engine_in};

/// The end of a file's name.
const END: &str = ".pgpass";

/// No write takes as long. What is older was left by a process that was killed.
const OLD: Duration = Duration::from_secs(60);

/// A password file in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct Passfile {
    pub(in crate::lab) lab: String,
    /// The word of the lab's claim.
    pub(in crate::lab) word: String,
    /// The ID of the engine that has the lab, if it is known.
    pub(in crate::lab) engine: Option<String>,
}

pub(super) fn refused(file: &Path) -> impl Fn(io::Error) -> PassfileError {
    move |error| PassfileError::Refused {
        file: file.to_owned(),
        why: error.to_string(),
    }
}

/// A folder of the user's own: `$XDG_STATE_HOME/lab`, or else `~/.local/state/lab`.
pub(super) fn of_user() -> Result<PathBuf, PassfileError> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from);
    folder_of(set("XDG_STATE_HOME"), set("HOME")).ok_or(PassfileError::NoFolder)
}

/// A relative path counts as none (XDG Base Directory Specification).
fn folder_of(state: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let state = state.filter(|folder| folder.is_absolute());
    let home = home.filter(|folder| folder.is_absolute());
    let state = state.or_else(|| Some(home?.join(".local/state")))?;
    Some(state.join("lab"))
}

pub(super) fn file_name(lab: &str, word: &str) -> String {
    format!("{lab}.{word}{END}")
}

/// The beginning of the names of a file's parts: what a process writes before it has the file's name.
fn part_of(name: &str) -> String {
    format!(".{name}.")
}

/// Writes a file that appears whole or not at all, for its owner alone, in a folder for its owner alone.
pub(super) fn put(folder: &Path, name: &str, text: &str) -> Result<(), PassfileError> {
    let mut make = DirBuilder::new();
    make.recursive(true).mode(0o700);
    make.create(folder).map_err(refused(folder))?;
    let mode = fs::metadata(folder).map_err(refused(folder))?;
    if mode.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(refused(folder))?;
    }
    remove_parts(folder, |_, part| is_old(part));
    let file = folder.join(name);
    // Two processes may write it at once.
    let part = folder.join(format!("{}{}", part_of(name), std::process::id()));
    let writing = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&part)?.write_all(text.as_bytes())?;
        fs::rename(&part, &file)
    };
    writing().map_err(|error| {
        _ = fs::remove_file(&part);
        refused(&file)(error)
    })
}

fn is_part(name: &str) -> bool {
    let number = name
        .rsplit_once('.')
        .map(|(file, number)| (file.ends_with(END), number));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    name.starts_with('.') && number.is_some_and(|(is_file, number)| is_file && is_number(number))
}

/// Removes parts of files.
fn remove_parts(folder: &Path, which: impl Fn(&str, &DirEntry) -> bool) {
    let there = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in there {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        if is_part(name) && which(name, &entry) {
            _ = fs::remove_file(entry.path());
        }
    }
}

fn is_old(file: &DirEntry) -> bool {
    let written = file.metadata().and_then(|it| it.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > OLD))
}

/// The files of all labs. Parts that a killed write left are removed.
pub(in crate::lab) fn all() -> Vec<Passfile> {
    let Ok(folder) = of_user() else {
        return Vec::new();
    };
    remove_parts(&folder, |_, part| is_old(part));
    all_in(&folder)
}

fn all_in(folder: &Path) -> Vec<Passfile> {
    let there = fs::read_dir(folder).into_iter().flatten().flatten();
    let file = |entry: DirEntry| {
        let name = entry.file_name();
        let (lab, word) = name.to_str()?.strip_suffix(END)?.rsplit_once('.')?;
        let text = fs::read_to_string(entry.path()).ok()?;
        Some(Passfile {
            lab: lab.to_owned(),
            word: word.to_owned(),
            engine: engine_in(&text).map(str::to_owned),
        })
    };
    // A part has no lab: its name begins with a dot and ends with a number.
    there.filter_map(file).collect()
}

/// Removes the file of a lab of that name and word, and its parts, and returns its path. A file that stays blocks nothing.
pub(in crate::lab) fn remove(lab: &str, word: &str) -> Option<String> {
    // Both come from labels, which anybody may have made.
    let is_name = |text: &str| !text.contains(['/', '\0']);
    if !(is_name(lab) && is_name(word)) {
        return None;
    }
    remove_from(&of_user().ok()?, &file_name(lab, word))
}

fn remove_from(folder: &Path, name: &str) -> Option<String> {
    let file = folder.join(name);
    remove_parts(folder, |part, _| part.starts_with(&part_of(name)));
    match fs::remove_file(&file) {
        Ok(()) => Some(file.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(%error, file = %file.display(), "the password file could not be removed");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_a_killed_write_left_goes_with_time_or_with_its_file() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path();
        let there = || {
            let files = fs::read_dir(folder).expect("a folder");
            let names = files.map(|it| it.expect("a file").file_name().display().to_string());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        };
        let part = |name: &str, age: u64| {
            let part = fs::File::create(folder.join(name)).expect("a part");
            let then = std::time::SystemTime::now() - Duration::from_secs(age);
            part.set_modified(then).expect("a time");
        };
        part(".a.w1.pgpass.41", 3600);
        part(".a.w1.pgpass.42", 0);
        part(".b.w2.pgpass.43", 0);
        part(".other", 3600);
        put(folder, "a.w1.pgpass", "one").expect("written");
        let left = [
            ".a.w1.pgpass.42",
            ".b.w2.pgpass.43",
            ".other",
            "a.w1.pgpass",
        ];
        assert_eq!(there(), left);
        assert_eq!(all_in(folder).len(), 1);
        assert!(remove_from(folder, "a.w1.pgpass").is_some());
        assert_eq!(there(), [".b.w2.pgpass.43", ".other"]);
        assert_eq!(remove_from(folder, "a.w1.pgpass"), None);
    }

    #[test]
    fn a_file_says_whose_it_is() {
        let home = tempfile::tempdir().expect("a folder");
        put(home.path(), "a.w1.pgpass", "# engine AB\n").expect("written");
        put(home.path(), "nothing.pgpass", "").expect("written");
        let found = Passfile {
            lab: "a".to_owned(),
            word: "w1".to_owned(),
            engine: Some("AB".to_owned()),
        };
        assert_eq!(all_in(home.path()), [found]);
    }

    fn mode(path: &Path) -> u32 {
        let found = fs::metadata(path).expect("it is there");
        found.permissions().mode() & 0o777
    }

    #[test]
    fn the_file_and_its_folder_are_their_owner_s_alone() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("state/lab");
        put(&folder, "a.pgpass", "one").expect("written");
        assert_eq!(
            (mode(&folder), mode(&folder.join("a.pgpass"))),
            (0o700, 0o600)
        );
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("wider");
        put(&folder, "a.pgpass", "two").expect("written again");
        assert_eq!(mode(&folder), 0o700);
        let there: Vec<_> = fs::read_dir(&folder).expect("a folder").collect();
        assert_eq!(there.len(), 1, "{there:?}");
    }

    #[test]
    fn the_folder_is_the_state_home_s_or_below_the_home() {
        let of = |state: Option<&str>, home: Option<&str>| {
            folder_of(state.map(PathBuf::from), home.map(PathBuf::from))
        };
        let state = Some(PathBuf::from("/s/lab"));
        assert_eq!(of(Some("/s"), Some("/h")), state);
        let home = Some(PathBuf::from("/h/.local/state/lab"));
        assert_eq!(of(Some("s"), Some("/h")), home);
        assert_eq!(of(None, Some("/h")), home);
        assert_eq!(of(None, None), None);
    }
}
