//! The images of services, and of the container that changes networks.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Found, ImageError, Wanted, build, found, named, official_or_built};
use crate::engine::Engine;
use crate::event::Reporter;
use crate::plan::{PlannedService, ServiceImage};
use crate::scenario::services::ServiceName;

/// Finds a service's image in the same order as [`super::ensure`]. Building it (only for a version) uses the packages of this
/// host's Debian or Ubuntu, and the Python package index of its pip. Reports the origin as an [`crate::event::Event::Note`].
///
/// # Errors
/// The same as [`super::ensure`].
pub async fn ensure_service(
    engine: &Engine,
    service: &PlannedService,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Found, ImageError> {
    let began = Instant::now();
    let ServiceName::Pgadmin = service.name;
    let located = match &service.image {
        ServiceImage::Named(reference) => named(engine, reference, reporter, cancel).await?,
        ServiceImage::Version(version) => {
            let wanted = Wanted {
                official: format!("dpage/pgadmin4:{version}"),
                version: version.clone(),
                check: &|_, image| Ok(image),
                unbuilt: &|pull, source| ImageError::NoPgadmin {
                    version: version.clone(),
                    pull,
                    source,
                },
            };
            let recipe = build::Recipe::pgadmin();
            official_or_built(engine, &wanted, &recipe, reporter, cancel).await?
        }
    };
    Ok(found(located, None, began, reporter))
}

/// A well-known image with `nft` and `tc`, which no node's image has.
const NETSHOOT: &str = "nicolaka/netshoot:v0.13";

/// Increase this when the recipe's result changes, so that older images are not used any more.
const NET_GENERATION: &str = "1";

/// Finds the image whose programs change networks, in the same order as [`super::ensure`]. Reports the origin as an
/// [`crate::event::Event::Note`].
///
/// # Errors
/// The same as [`super::ensure`].
pub async fn ensure_net(
    engine: &Engine,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Found, ImageError> {
    let began = Instant::now();
    let wanted = Wanted {
        official: NETSHOOT.to_owned(),
        version: NET_GENERATION.to_owned(),
        check: &|_, image| Ok(image),
        unbuilt: &|pull, source| ImageError::NoNet {
            official: NETSHOOT,
            pull,
            source,
        },
    };
    let recipe = build::Recipe::net();
    let located = official_or_built(engine, &wanted, &recipe, reporter, cancel).await?;
    Ok(found(located, None, began, reporter))
}
