//! Why no image was found, and what a person can do about it.

use std::io;

use crate::engine::{EngineError, EngineErrorKind};
use crate::exit::Exit;
use crate::failure::Explain;
use crate::wait::WaitError;

/// Why no image was found.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A named image is not here and could not be pulled.
    #[error("pulling the image `{reference}`, which is not on this machine")]
    Absent {
        /// The image's name.
        reference: String,
        /// Why the registry did not send it.
        failure: PullFailure,
        /// The engine's error.
        source: EngineError,
    },
    /// The official image could not be pulled, and building one failed.
    #[error(
        "building an image with PostgreSQL {major}, because `postgres:{major}` could not be pulled ({pull})"
    )]
    Unbuilt {
        /// The major version.
        major: u32,
        /// Why the official image could not be pulled.
        pull: String,
        /// Why building failed.
        source: BuildError,
    },
    /// pgAdmin's official image could not be pulled, and building one failed.
    #[error(
        "building an image with pgAdmin {version}, because `dpage/pgadmin4:{version}` could not be pulled ({pull})"
    )]
    NoPgadmin {
        /// pgAdmin's version.
        version: String,
        /// Why the official image could not be pulled.
        pull: String,
        /// Why building failed.
        source: BuildError,
    },
    /// The image that changes networks could not be pulled, and building one failed.
    #[error(
        "building an image with `nft` and `tc` for network faults, because `{official}` could not be pulled ({pull})"
    )]
    NoNet {
        /// The image that could not be pulled.
        official: &'static str,
        /// Why it could not be pulled.
        pull: String,
        /// Why building failed.
        source: BuildError,
    },
    /// An image has another major version than its name says.
    #[error("expecting PostgreSQL {wanted} in the image `{reference}`, which has {found}")]
    WrongMajor {
        /// The image's name.
        reference: String,
        /// The major version that was asked for.
        wanted: u32,
        /// The major version that the image declares.
        found: u32,
    },
    /// The claim on building could not be taken.
    #[error("waiting for the lock to build `{reference}`")]
    Claim {
        /// The image's name.
        reference: String,
        /// Why not.
        source: WaitError<io::Error>,
    },
    /// An image disappeared after it was pulled or built.
    #[error("using the image `{reference}`, which was removed right after it arrived")]
    Vanished {
        /// Its name.
        reference: String,
    },
    /// The user pressed ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// Why an image could not be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullFailure {
    /// No registry answered.
    NoRegistry,
    /// The registry refused to send it.
    Refused,
    /// The registry has no such image, or hides it.
    Missing,
}

impl PullFailure {
    /// Classifies a failed pull by the engine's message. Engines use one status for all failures.
    pub(super) fn of(error: &EngineError) -> Self {
        let words = error.source.0.to_lowercase();
        let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
        if says(&["dial ", "lookup ", "timeout", "did not answer"]) {
            Self::NoRegistry
        } else if error.kind == EngineErrorKind::NotFound
            || says(&[
                "not found",
                "manifest unknown",
                "does not exist",
                "name unknown",
            ])
        {
            Self::Missing
        } else if says(&[
            "denied",
            "unauthorized",
            "authentication",
            "toomanyrequests",
        ]) {
            Self::Refused
        } else {
            Self::NoRegistry
        }
    }
}

/// Why building an image failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// This host lacks what the recipe needs.
    #[error("this host cannot build images: {0}")]
    Host(String),
    /// The distribution has no such version.
    #[error("{0}")]
    Version(String),
    /// The distribution's mirror did not answer.
    #[error("the package mirror did not answer: {0}")]
    Mirror(String),
    /// The disk for temporary files is full.
    #[error("no space left in the directory for temporary files: {0}")]
    NoSpace(String),
    /// The mirror's packages cannot be used, or the recipe has a bug.
    #[error("the recipe in `images` failed: {0}")]
    Recipe(String),
    /// The recipe could not be run.
    #[error("running the recipe in `images`")]
    Run(#[source] io::Error),
    /// The engine refused the image.
    #[error(transparent)]
    Engine(EngineError),
}

impl Explain for ImageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(source) => source.hint(),
            Self::Absent {
                reference, failure, ..
            } => Some(absent(reference, *failure)),
            Self::Unbuilt { major, source, .. } => unbuilt(
                &format!("postgres:{major}"),
                "or name an image on this machine with --image",
                source,
            ),
            Self::NoPgadmin {
                version, source, ..
            } => no_pgadmin(version, source),
            Self::NoNet {
                official, source, ..
            } => unbuilt(official, "only network faults need it", source),
            Self::WrongMajor {
                reference, wanted, ..
            } => Some(format!(
                "run `docker rmi {reference}` to remove the name, then `lab` finds an image with {wanted}; or name an \
                 image with --image"
            )),
            Self::Claim { .. } => Some(
                "another `lab` may be building it; or set TMPDIR to a directory that you can write to"
                    .to_owned(),
            ),
            Self::Vanished { .. } => {
                Some("another program removes images on this machine; try again".to_owned())
            }
            Self::Interrupted => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Environment,
        }
    }
}

fn absent(reference: &str, failure: PullFailure) -> String {
    if let Some(major) = reference.strip_prefix("lab-postgres:") {
        return format!("only `lab` builds images of this name: use --postgres {major} instead");
    }
    if reference.starts_with("lab-pgadmin:") {
        return "only `lab` builds images of this name: omit `image`".to_owned();
    }
    match failure {
        PullFailure::NoRegistry if reference.contains("pgadmin") => format!(
            "{}; if you omit `image`, `lab` can build pgAdmin from packages on Debian and Ubuntu",
            carry(reference)
        ),
        PullFailure::NoRegistry => format!(
            "{}; with only a major version (--postgres 17) `lab` can build an image from packages on Debian and Ubuntu",
            carry(reference)
        ),
        PullFailure::Refused => {
            format!("log in with `docker login`, then try `docker pull {reference}`")
        }
        PullFailure::Missing => format!(
            "is `{reference}` spelled correctly? `docker image ls` lists local images; a private image needs `docker login`"
        ),
    }
}

/// The hint for pgAdmin, a part of which comes from a Python package index.
fn no_pgadmin(version: &str, source: &BuildError) -> Option<String> {
    let official = format!("dpage/pgadmin4:{version}");
    match source {
        BuildError::Version(_) | BuildError::Mirror(_) | BuildError::Recipe(_) => Some(format!(
            "do `apt-get update` and pip reach their mirrors from this host? set proxies in /etc/apt/apt.conf.d and \
             `pip config`; or {}; or remove the service with --set services={{}}",
            carry(&official)
        )),
        source => unbuilt(
            &official,
            "or remove the service with --set services={}",
            source,
        ),
    }
}

fn unbuilt(official: &str, else_do: &str, source: &BuildError) -> Option<String> {
    match source {
        BuildError::Host(_) => Some(format!("{}; {else_do}", carry(official))),
        BuildError::Version(_) => Some(format!(
            "choose one of these versions with --postgres; or {}",
            carry(official)
        )),
        BuildError::Mirror(_) => Some(format!(
            "run `apt-get update` to see whether this host reaches its mirror, and set a proxy in /etc/apt/apt.conf.d; or {}",
            carry(official)
        )),
        BuildError::NoSpace(_) => Some(format!(
            "free space in {}, or set TMPDIR to a directory with more space",
            std::env::temp_dir().display()
        )),
        BuildError::Recipe(_) => Some(format!(
            "does `apt-get update` succeed on this host? otherwise {}",
            carry(official)
        )),
        BuildError::Run(_) => Some(format!("is bash installed? otherwise {}", carry(official))),
        BuildError::Engine(source) => source.hint(),
    }
}

/// How to bring an image to a machine without a registry.
fn carry(reference: &str) -> String {
    format!(
        "on a machine with a registry run `docker pull {reference}` and `docker save -o image.tar {reference}`, then \
         copy the file here and run `docker load -i image.tar`"
    )
}
