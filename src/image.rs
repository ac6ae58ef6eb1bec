//! Finds the images of nodes, of services and of the container that changes networks: present, pulled, or built from
//! packages.
//!
//! Owns the order of the search and the meaning of an image's labels. Never starts a container, and never removes or renames
//! an image.

mod beside;
mod build;
mod claim;
mod error;
mod pull;
#[cfg(test)]
mod recipe_tests;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::beside::{ensure_net, ensure_service};
pub use self::error::{BuildError, ImageError, PullFailure};
use crate::engine::{Engine, EngineErrorKind, Image};
use crate::event::{Event, Reporter};
use crate::scenario::PostgresVersion;
use crate::server::command::{HOME, VOLUME};
use crate::text::duration;

/// The label of every image that `lab` built. Its value is the recipe's directory in `images/`.
pub const IMAGE_LABEL: &str = "dev.replication-lab.image";

/// The label with the major version of PostgreSQL in an image.
pub const POSTGRES_LABEL: &str = "dev.replication-lab.postgres";

/// The label with the version of pgAdmin in an image.
pub const PGADMIN_LABEL: &str = "dev.replication-lab.pgadmin";

/// Where an image came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The engine had it.
    Present,
    /// It came from a registry.
    Pulled,
    /// `lab` built it from the distribution's packages.
    Built,
}

/// An image to run containers on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name under which it was found: `postgres:17`.
    pub reference: String,
    /// The image itself.
    pub image: Image,
    /// The major version of PostgreSQL in it, if that was asked for or the image tells it.
    pub major: Option<u32>,
    /// Where it came from.
    pub way: Way,
    /// How long the search took.
    pub took: Duration,
}

/// Finds an image with the wanted PostgreSQL. It uses a present image, else pulls one, else builds one from the packages of this
/// host's Debian or Ubuntu (only for a major version). Reports the origin as an [`Event::Note`].
///
/// # Errors
/// An [`ImageError`] with a hint. [`ImageError::Interrupted`] soon after `cancel`, with nothing left behind.
pub async fn ensure(
    engine: &Engine,
    wanted: &PostgresVersion,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Found, ImageError> {
    ensure_by(engine, wanted, &build::Recipe::default(), reporter, cancel).await
}

async fn ensure_by(
    engine: &Engine,
    wanted: &PostgresVersion,
    recipe: &build::Recipe,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Found, ImageError> {
    let began = Instant::now();
    let located = match wanted {
        PostgresVersion::Image(reference) => named(engine, reference, reporter, cancel).await?,
        PostgresVersion::Major(major) => of_major(engine, *major, recipe, reporter, cancel).await?,
    };
    let asked = match wanted {
        PostgresVersion::Major(major) => Some(*major),
        PostgresVersion::Image(_) => None,
    };
    Ok(found(located, asked, began, reporter))
}

/// Makes the result of a search, and reports the origin.
fn found(
    (reference, image, way): Located,
    asked: Option<u32>,
    began: Instant,
    reporter: &dyn Reporter,
) -> Found {
    let took = began.elapsed();
    let how = match &way {
        Taken::Present => "present".to_owned(),
        Taken::Pulled => format!("pulled in {}", duration(took)),
        Taken::Built { from } => format!("built from {from} in {}", duration(took)),
    };
    reporter.report(&Event::Note(format!("image {reference} {how}")));
    Found {
        major: major_of(&image).or(asked),
        reference,
        image,
        way: match way {
            Taken::Present => Way::Present,
            Taken::Pulled => Way::Pulled,
            Taken::Built { .. } => Way::Built,
        },
        took,
    }
}

/// Where an image came from, with the details for the note.
enum Taken {
    Present,
    Pulled,
    Built { from: String },
}

type Located = (String, Image, Taken);

async fn named(
    engine: &Engine,
    reference: &str,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Located, ImageError> {
    if let Some(image) = find(engine, reference, cancel).await? {
        return Ok((reference.to_owned(), image, Taken::Present));
    }
    match pull::pull(engine, reference, reporter, cancel).await? {
        Ok(()) => Ok((
            reference.to_owned(),
            arrived(engine, reference, cancel).await?,
            Taken::Pulled,
        )),
        Err(source) => Err(ImageError::Absent {
            reference: reference.to_owned(),
            failure: PullFailure::of(&source),
            source,
        }),
    }
}

async fn of_major(
    engine: &Engine,
    major: u32,
    recipe: &build::Recipe,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Located, ImageError> {
    let wanted = Wanted {
        official: format!("postgres:{major}"),
        version: major.to_string(),
        check: &|reference, image| checked(reference, image, major),
        unbuilt: &|pull, source| ImageError::Unbuilt {
            major,
            pull,
            source,
        },
    };
    official_or_built(engine, &wanted, recipe, reporter, cancel).await
}

/// A version of a program that has an official image and a recipe.
struct Wanted<'a> {
    /// The official image's name.
    official: String,
    /// The recipe's argument.
    version: String,
    /// Checks that an image contains what its name says.
    check: &'a (dyn Fn(&str, Image) -> Result<Image, ImageError> + Sync),
    /// Makes the error for an image that could be neither pulled, for the given reason, nor built.
    unbuilt: &'a (dyn Fn(String, BuildError) -> ImageError + Sync),
}

async fn official_or_built(
    engine: &Engine,
    wanted: &Wanted<'_>,
    recipe: &build::Recipe,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Located, ImageError> {
    let official = &wanted.official;
    let ours = recipe.reference(&wanted.version);
    let mut mismatch = None;
    for reference in [official, &ours] {
        let Some(image) = find(engine, reference, cancel).await? else {
            continue;
        };
        match (wanted.check)(reference, image) {
            Ok(image) => return Ok((reference.clone(), image, Taken::Present)),
            Err(wrong) => mismatch = mismatch.or(Some(wrong)),
        }
    }
    // Pulling or building would take the name from the image that somebody gave it to.
    if let Some(wrong) = mismatch {
        return Err(wrong);
    }
    let refusal = match pull::pull(engine, official, reporter, cancel).await? {
        Ok(()) => {
            let image = arrived(engine, official, cancel).await?;
            let image = (wanted.check)(official, image)?;
            return Ok((official.clone(), image, Taken::Pulled));
        }
        Err(refusal) => refusal,
    };
    let _claim = claim::claim(&recipe.claims, &ours, reporter, cancel).await?;
    // The process that held the claim before may have built the image.
    if let Some(image) = find(engine, &ours, cancel).await? {
        return Ok((ours, image, Taken::Present));
    }
    match build::build(engine, recipe, &wanted.version, reporter, cancel).await? {
        Ok(from) => {
            let image = arrived(engine, &ours, cancel).await?;
            Ok((ours, image, Taken::Built { from }))
        }
        Err(source) => Err((wanted.unbuilt)(refusal.source.to_string(), source)),
    }
}

/// The image with this name, if the engine has it.
async fn find(
    engine: &Engine,
    reference: &str,
    cancel: &CancellationToken,
) -> Result<Option<Image>, ImageError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(ImageError::Interrupted),
        found = engine.find_image(reference) => Ok(found?),
    }
}

/// The image with this name, which was just pulled or built.
async fn arrived(
    engine: &Engine,
    reference: &str,
    cancel: &CancellationToken,
) -> Result<Image, ImageError> {
    let image = find(engine, reference, cancel).await?;
    image.ok_or_else(|| ImageError::Vanished {
        reference: reference.to_owned(),
    })
}

fn checked(reference: &str, image: Image, wanted: u32) -> Result<Image, ImageError> {
    match major_of(&image) {
        Some(found) if found != wanted => Err(ImageError::WrongMajor {
            reference: reference.to_owned(),
            wanted,
            found,
        }),
        _ => Ok(image),
    }
}

/// The major version of PostgreSQL that an image declares: the official image by `PG_MAJOR`, ours by its label. If an image
/// declares nothing, only a running server tells it.
#[must_use]
pub fn major_of(image: &Image) -> Option<u32> {
    let said = image
        .env
        .iter()
        .find_map(|env| env.strip_prefix("PG_MAJOR="));
    said.or_else(|| image.labels.get(POSTGRES_LABEL).map(String::as_str))
        .and_then(|said| said.parse().ok())
}

/// Where to mount a node's volume: at `/var/lib/postgresql`, so that tablespaces beside the data are in it. Also at the volume
/// that the image declares below, where the engine would create an anonymous one.
#[must_use]
pub fn node_mounts(image: &Image) -> &'static [&'static str] {
    match data_mount(image) {
        VOLUME => &[VOLUME],
        _ => &[VOLUME, HOME],
    }
}

/// Where to mount a volume that `postgres` shall own: at the volume that the image declares for PostgreSQL's data, else at `/var/lib/postgresql`.
/// There the directory belongs to `postgres`, and the engine creates no anonymous volume.
///
/// `/var/lib/postgresql/data/pgdata` is always inside the mount.
#[must_use]
pub fn data_mount(image: &Image) -> &'static str {
    let declares = |path: &str| {
        let mut volumes = image.volumes.iter();
        volumes.any(|volume| volume.trim_end_matches('/') == path)
    };
    if declares(HOME) { HOME } else { VOLUME }
}

/// Whether a failed pull is the fault of the engine or its disk, so that building cannot work either.
fn engine_is_at_fault(kind: EngineErrorKind) -> bool {
    !matches!(kind, EngineErrorKind::Registry | EngineErrorKind::NotFound)
}
