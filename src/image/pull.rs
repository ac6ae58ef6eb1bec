//! Fetching an image from a registry, with its layers' progress and an end to waiting for one that does not answer.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{ImageError, engine_is_at_fault};
use crate::engine::{Engine, EngineCause, EngineError, EngineErrorKind, LayerProgress};
use crate::event::{Event, Phase, Progress, Reporter, Unit};
use crate::text::duration;

/// How long a registry may take until it says its first word.
const FIRST_WORD: Duration = Duration::from_secs(20);

/// How long it may be silent after that.
const SILENCE: Duration = Duration::from_secs(60);

/// What was last heard from the registry.
struct Heard {
    at: Instant,
    limit: Duration,
    totals: BTreeMap<String, u64>,
}

/// Pulls the image. The inner error is one that leaves other ways to try.
pub(super) async fn pull(
    engine: &Engine,
    reference: &str,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Result<(), EngineError>, ImageError> {
    let heard = Mutex::new(Heard {
        at: Instant::now(),
        limit: FIRST_WORD,
        totals: BTreeMap::new(),
    });
    let progress = |layer| {
        if let Some(progress) = hear(&heard, layer) {
            reporter.report(&Event::Progress(Phase::Images, progress));
        }
    };
    let mut pulling = pin!(engine.pull_image(reference, &progress));
    loop {
        let (at, limit) = {
            let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            (heard.at, heard.limit)
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(ImageError::Interrupted),
            pulled = &mut pulling => return match pulled {
                Err(error) if engine_is_at_fault(error.kind) => Err(ImageError::Engine(error)),
                pulled => Ok(pulled),
            },
            () = tokio::time::sleep_until(at + limit) => {
                let last = heard.lock().unwrap_or_else(PoisonError::into_inner).at;
                if last == at {
                    return Ok(Err(silent(reference, limit)));
                }
            }
        }
    }
}

/// Notes that the registry lives, and makes of what it said a layer's progress, where it is one. Only the download is
/// shown: unpacking counts the same bytes again, and a bar would go back.
fn hear(heard: &Mutex<Heard>, layer: LayerProgress) -> Option<Progress> {
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    heard.at = Instant::now();
    heard.limit = SILENCE;
    let (done, total) = match layer.status.as_str() {
        "Downloading" => {
            if let Some(total) = layer.total {
                heard.totals.insert(layer.layer.clone(), total);
            }
            (layer.done, layer.total)
        }
        "Download complete" => {
            let total = *heard.totals.get(&layer.layer)?;
            (total, Some(total))
        }
        _ => return None,
    };
    Some(Progress {
        subject: layer.layer,
        done,
        total,
        unit: Unit::Bytes,
    })
}

fn silent(reference: &str, limit: Duration) -> EngineError {
    EngineError {
        act: format!("pulling the image `{reference}`"),
        kind: EngineErrorKind::Registry,
        source: EngineCause(format!("the registry said nothing for {}", duration(limit))),
    }
}
