//! The images of services.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Found, ImageError, Wanted, build, found, named, official_or_built};
use crate::engine::Engine;
use crate::event::Reporter;
use crate::plan::{PlannedService, ServiceImage};
use crate::scenario::services::ServiceName;

/// Finds a service's image in the same order as those of nodes: present, else from a registry, else, for a version,
/// built from the packages of the Debian or Ubuntu that this runs on and of the Python package index that its pip is
/// set to. Reports the way taken as one [`crate::event::Event::Note`].
///
/// # Errors
/// [`ImageError`], with a hint; [`ImageError::Interrupted`] soon after `cancel`, with nothing left behind.
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
