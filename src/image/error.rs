//! Why there is no image, and what a person can do about it.

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
    /// An image that was asked for by name is not here, and does not come from a registry.
    #[error("finding the image `{reference}`, which is not on this machine")]
    Absent {
        /// Its name.
        reference: String,
        /// Why it does not come.
        failure: PullFailure,
        /// What the engine said.
        source: EngineError,
    },
    /// The official image does not come, and building one failed.
    #[error(
        "building an image with PostgreSQL {major}, for `postgres:{major}` is not here and could not be pulled ({pull})"
    )]
    Unbuilt {
        /// The major version.
        major: u32,
        /// What the engine said when the official image was to be pulled.
        pull: String,
        /// Why it was not built.
        source: BuildError,
    },
    /// pgAdmin's official image does not come, and building one failed.
    #[error(
        "building an image with pgAdmin {version}, for `dpage/pgadmin4:{version}` is not here and could not be pulled ({pull})"
    )]
    NoPgadmin {
        /// Its version.
        version: String,
        /// What the engine said when the official image was to be pulled.
        pull: String,
        /// Why it was not built.
        source: BuildError,
    },
    /// The image whose programs cut networks does not come, and building one failed.
    #[error(
        "building an image with `nft` and `tc`, which faults of networks need, for `{official}` is not here and could \
         not be pulled ({pull})"
    )]
    NoNet {
        /// The image that could not be pulled.
        official: &'static str,
        /// What the engine said then.
        pull: String,
        /// Why it was not built.
        source: BuildError,
    },
    /// An image has another major version than its name says.
    #[error("expecting PostgreSQL {wanted} in the image `{reference}`, which has {found}")]
    WrongMajor {
        /// The image's name.
        reference: String,
        /// The major version that was asked for.
        wanted: u32,
        /// The one that the image says it has.
        found: u32,
    },
    /// The lock under which images are built could not be had.
    #[error("waiting for the right to build `{reference}`")]
    Claim {
        /// The image's name.
        reference: String,
        /// Why not.
        source: WaitError<io::Error>,
    },
    /// An image was there and is not any more.
    #[error("using the image `{reference}`, which was removed as soon as it had come")]
    Vanished {
        /// Its name.
        reference: String,
    },
    /// Somebody pressed ctrl-c.
    #[error("interrupted")]
    Interrupted,
}

/// Why an image does not come from a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullFailure {
    /// No registry answered.
    NoRegistry,
    /// The registry would not give it, or not to us.
    Refused,
    /// The registry has no such image, or hides it.
    Missing,
}

impl PullFailure {
    /// What the engine's words about a failed pull mean. Engines have one status for all of them.
    pub(super) fn of(error: &EngineError) -> Self {
        let words = error.source.0.to_lowercase();
        let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
        if says(&["dial ", "lookup ", "timeout", "said nothing"]) {
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

/// Why an image was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// This host has not what the recipe needs.
    #[error("this host cannot build images: {0}")]
    Host(String),
    /// The distribution has no such version.
    #[error("{0}")]
    Version(String),
    /// The distribution's mirror did not answer.
    #[error("the package mirror did not answer: {0}")]
    Mirror(String),
    /// No space is left for the work.
    #[error("no space is left in the folder for temporary files: {0}")]
    NoSpace(String),
    /// What the mirror gave cannot be used, or the recipe broke.
    #[error("the recipe in `images` failed: {0}")]
    Recipe(String),
    /// The recipe could not be run.
    #[error("running the recipe in `images`")]
    Run(#[source] io::Error),
    /// The engine did not take the image.
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
                "or name an image that is here with --image",
                source,
            ),
            Self::NoPgadmin {
                version, source, ..
            } => no_pgadmin(version, source),
            Self::NoNet {
                official, source, ..
            } => unbuilt(official, "no other fault needs it", source),
            Self::WrongMajor {
                reference, wanted, ..
            } => Some(format!(
                "`docker rmi {reference}` takes the name from it, then an image with {wanted} is found anew; \
                 or name the image to use with --image"
            )),
            Self::Claim { .. } => Some(
                "point TMPDIR at a folder that you may write to; another `lab` may be building in this one"
                    .to_owned(),
            ),
            Self::Vanished { .. } => {
                Some("something else removes images here; try again".to_owned())
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
        return format!(
            "images of this name are built by `lab`: ask for the version instead, with --postgres {major}"
        );
    }
    if reference.starts_with("lab-pgadmin:") {
        return "images of this name are built by `lab`: leave `image` out".to_owned();
    }
    match failure {
        PullFailure::NoRegistry if reference.contains("pgadmin") => format!(
            "{}; without `image`, pgAdmin can be built from packages on Debian and Ubuntu",
            carry(reference)
        ),
        PullFailure::NoRegistry => format!(
            "{}; a major version alone (--postgres 17) can be built from packages on Debian and Ubuntu",
            carry(reference)
        ),
        PullFailure::Refused => format!(
            "`docker login` tells the registry who you are, then `docker pull {reference}` shows whether it helps"
        ),
        PullFailure::Missing => format!(
            "is `{reference}` spelled right? `docker image ls` shows what is here; a private image needs `docker login`"
        ),
    }
}

/// What is different with pgAdmin: a part of it comes from a Python package index.
fn no_pgadmin(version: &str, source: &BuildError) -> Option<String> {
    let official = format!("dpage/pgadmin4:{version}");
    match source {
        BuildError::Version(_) | BuildError::Mirror(_) | BuildError::Recipe(_) => Some(format!(
            "do `apt-get update` and pip reach their mirrors from this host? proxies belong into /etc/apt/apt.conf.d \
             and `pip config`; or {}; or take the service out with --set services={{}}",
            carry(&official)
        )),
        source => unbuilt(
            &official,
            "or take the service out with --set services={}",
            source,
        ),
    }
}

fn unbuilt(official: &str, else_do: &str, source: &BuildError) -> Option<String> {
    match source {
        BuildError::Host(_) => Some(format!("{}; {else_do}", carry(official))),
        BuildError::Version(_) => Some(format!(
            "choose one of those versions with --postgres; or {}",
            carry(official)
        )),
        BuildError::Mirror(_) => Some(format!(
            "`apt-get update` shows whether this host reaches its mirror, /etc/apt/apt.conf.d is the place for a proxy; or {}",
            carry(official)
        )),
        BuildError::NoSpace(_) => Some(format!(
            "free some room in {}, or point TMPDIR at a folder with more",
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

/// How to bring an image to a machine that reaches no registry.
fn carry(reference: &str) -> String {
    format!(
        "where a registry can be reached, run `docker pull {reference}` and `docker save -o image.tar {reference}`, \
         bring the file here and run `docker load -i image.tar`"
    )
}
