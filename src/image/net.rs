//! The image whose programs cut and slow networks: `nft` and `tc`, which no node's image has.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Found, ImageError, Wanted, build, found, official_or_built};
use crate::engine::Engine;
use crate::event::Reporter;

/// A well-known image that has both.
const OFFICIAL: &str = "nicolaka/netshoot:v0.13";

/// Counts up when the recipe's outcome changes, so that an older image is not taken for a newer one.
const GENERATION: &str = "1";

/// Finds the image in the same order as those of nodes: present, else from a registry, else built from the packages of
/// the Debian or Ubuntu that this runs on. Reports the way taken as one [`crate::event::Event::Note`].
///
/// # Errors
/// [`ImageError`], with a hint; [`ImageError::Interrupted`] soon after `cancel`, with nothing left behind.
pub async fn ensure_net(
    engine: &Engine,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Found, ImageError> {
    let began = Instant::now();
    let wanted = Wanted {
        official: OFFICIAL.to_owned(),
        version: GENERATION.to_owned(),
        check: &|_, image| Ok(image),
        unbuilt: &|pull, source| ImageError::NoNet {
            official: OFFICIAL,
            pull,
            source,
        },
    };
    let recipe = build::Recipe::net();
    let located = official_or_built(engine, &wanted, &recipe, reporter, cancel).await?;
    Ok(found(located, None, began, reporter))
}
