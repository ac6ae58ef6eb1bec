//! Pulls an image from a registry, with progress by layer, and gives up on a registry that does not answer.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{ImageError, engine_is_at_fault};
use crate::engine::{Engine, EngineCause, EngineError, EngineErrorKind, LayerProgress};
use crate::event::{Event, Phase, Progress, ProgressUnit, Reporter};
use crate::text::duration;

/// How long a registry may take for its first answer.
const FIRST_WORD: Duration = Duration::from_secs(20);

/// How long a registry may be silent after that.
const SILENCE: Duration = Duration::from_secs(60);

/// When the registry last answered, and the layers' sizes.
struct Transfer {
    at: Instant,
    limit: Duration,
    totals: BTreeMap<String, u64>,
}

/// Pulls an image. After the inner error, building the image can still work.
pub(super) async fn pull(
    engine: &Engine,
    reference: &str,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<Result<(), EngineError>, ImageError> {
    let heard = Mutex::new(Transfer {
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

/// Records that the registry answered, and returns a layer's progress if the answer has any. Only the download counts: unpacking
/// counts the same bytes again, and the bar would go back.
fn hear(heard: &Mutex<Transfer>, layer: LayerProgress) -> Option<Progress> {
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
        unit: ProgressUnit::Bytes,
    })
}

fn silent(reference: &str, limit: Duration) -> EngineError {
    EngineError {
        act: format!("pulling the image `{reference}`"),
        kind: EngineErrorKind::Registry,
        source: EngineCause(format!(
            "the registry did not answer for {}",
            duration(limit)
        )),
    }
}
