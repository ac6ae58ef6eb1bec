//! The labs that the binary carries, and how a name or a path becomes a [`Source`].
//!
//! Owns what may stand where a verb wants a lab. Never reads what a scenario says: that is [`super::load`].

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::diagnostic::Diagnostics;
use super::files;
use super::load::{MOST_BYTES, Source};
use crate::exit::Exit;
use crate::failure::Explain;
use crate::text::suggest::did_you_mean;

/// The datasets that `lab` brings along.
pub const DATASETS: &[&str] = &["shopping", "jobs"];

static LABS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/labs");

/// A lab of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedded {
    /// Its name, which is also its file's.
    pub name: &'static str,
    /// Its file's content.
    pub text: &'static str,
}

impl Embedded {
    /// The lab as something to load.
    #[must_use]
    pub fn source(&self) -> Source {
        Source {
            name: format!("labs/{}.yaml", self.name),
            text: self.text.to_owned(),
            folder: None,
        }
    }
}

/// Every lab of the catalogue, by name.
///
/// ```
/// use replication_lab::scenario::{catalog, load};
///
/// let lab = catalog::find("physical-sync").expect("a lab of the catalogue");
/// let loaded = load::load(&lab.source(), &load::Overrides::default())?;
/// assert_eq!(loaded.scenario.name.as_str(), "physical-sync");
/// # Ok::<(), Box<replication_lab::scenario::diagnostic::Diagnostics>>(())
/// ```
#[must_use]
pub fn embedded() -> Vec<Embedded> {
    let mut labs: Vec<Embedded> = LABS
        .files()
        .filter(|file| file.path().extension().is_some_and(|it| it == "yaml"))
        .filter_map(|file| {
            Some(Embedded {
                name: file.path().file_stem()?.to_str()?,
                text: file.contents_utf8()?,
            })
        })
        .collect();
    labs.sort_by_key(|lab| lab.name);
    labs
}

/// The lab of that name.
#[must_use]
pub fn find(name: &str) -> Option<Embedded> {
    embedded().into_iter().find(|lab| lab.name == name)
}

/// Why there is nothing to load.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalogue has no such lab.
    #[error("the catalogue has no lab `{name}`")]
    NoSuchLab {
        /// The requested name.
        name: String,
        /// A near miss, or what there is.
        help: String,
    },
    /// The file cannot be read.
    #[error("reading the scenario `{path}`")]
    Reading {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is no text that could be a scenario.
    #[error("reading the scenario `{path}`")]
    NotText {
        /// The file.
        path: String,
        /// The error with its place.
        #[source]
        source: Box<Diagnostics>,
    },
}

impl Explain for OpenError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchLab { help, .. } => Some(help.clone()),
            Self::Reading { source, .. } if source.kind() == io::ErrorKind::InvalidInput => {
                Some("`-` reads a scenario from standard input".to_owned())
            }
            Self::Reading { .. } | Self::NotText { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// What stands for standard input.
const STDIN: &str = "-";

/// Opens a lab of the catalogue by its name, or a file by its path: what has a `/` in it or ends in `.yaml` or `.yml`.
/// `-` is standard input.
pub fn open(lab: &str) -> Result<Source, OpenError> {
    if lab == STDIN {
        return from_stdin();
    }
    if is_path(lab) {
        return open_file(Path::new(lab));
    }
    if let Some(found) = find(lab) {
        return Ok(found.source());
    }
    let labs = embedded();
    let names: Vec<&str> = labs.iter().map(|lab| lab.name).collect();
    let help = match did_you_mean(lab, names.iter().copied()) {
        Some(help) => help,
        None if Path::new(lab).is_file() => format!("write `./{lab}` for the file"),
        None => "`lab list` shows the catalogue; the path of a file has a `/` or ends in `.yaml`"
            .to_owned(),
    };
    Err(OpenError::NoSuchLab {
        name: lab.to_owned(),
        help,
    })
}

fn is_path(lab: &str) -> bool {
    let extension = Path::new(lab).extension();
    lab.contains('/') || extension.is_some_and(|it| it == "yaml" || it == "yml")
}

fn open_file(path: &Path) -> Result<Source, OpenError> {
    let shown = path.display().to_string();
    let folder = path.parent().map(Path::to_path_buf);
    source(shown, folder, files::read(path, MOST_BYTES))
}

/// A scenario from standard input. Its folder is the current one.
fn from_stdin() -> Result<Source, OpenError> {
    let mut bytes = Vec::new();
    let stdin = io::stdin().lock();
    // One byte more tells a large text from the largest that is read.
    let read = stdin.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes);
    let bytes = read.map(|_| bytes);
    source("standard input".to_owned(), Some(".".into()), bytes)
}

fn source(
    path: String,
    folder: Option<PathBuf>,
    bytes: io::Result<Vec<u8>>,
) -> Result<Source, OpenError> {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(source) => return Err(OpenError::Reading { path, source }),
    };
    Source::new(path.as_str(), &bytes, folder).map_err(|source| OpenError::NotText { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_lab_is_answered_with_the_nearest() {
        let error = open("physical-snyc").expect_err("no such lab");
        assert_eq!(
            error.to_string(),
            "the catalogue has no lab `physical-snyc`"
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("did you mean `physical-sync`?")
        );
        assert!(
            open("nothing")
                .expect_err("no lab")
                .hint()
                .is_some_and(|it| it.contains("`lab list`"))
        );
    }

    #[test]
    fn a_path_is_read_as_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mine.yaml");
        std::fs::write(&path, "name: mine").expect("a file");
        let source = open(path.to_str().expect("text")).expect("the file");
        assert_eq!(source.text, "name: mine");
        assert_eq!(source.folder.as_deref(), Some(folder.path()));
        assert!(matches!(
            open(folder.path().to_str().expect("text")),
            Err(OpenError::Reading { .. })
        ));
        assert!(matches!(
            open("absent.yaml"),
            Err(OpenError::Reading { .. })
        ));
    }
}
