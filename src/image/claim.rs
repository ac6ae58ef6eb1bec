//! The claim on building an image: one process builds, the others wait.
//!
//! It is a lock on an empty file, which the system releases however the process ends. The file stays: if it were removed, two
//! processes could hold locks on two files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ImageError;
use crate::event::{Event, Reporter};
use crate::wait::{Probe, WaitError, wait_for};

/// How long another process may take to build.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Waits for the claim on building an image. Dropping the value releases it.
pub(super) async fn claim(
    folder: &Path,
    reference: &str,
    reporter: &dyn Reporter,
    cancel: &CancellationToken,
) -> Result<File, ImageError> {
    let refused = |source| ImageError::Claim {
        reference: reference.to_owned(),
        source,
    };
    let path = folder.join(format!("{}.lock", reference.replace(['/', ':'], "-")));
    let file = open(&path).map_err(|error| refused(WaitError::Failed(error)))?;
    let said = AtomicBool::new(false);
    let waited = wait_for(LIMIT, cancel, || {
        let tried = file.try_lock();
        if matches!(tried, Err(TryLockError::WouldBlock)) && !said.swap(true, Ordering::Relaxed) {
            reporter.report(&Event::Note(format!(
                "waiting for another process that builds the image {reference}"
            )));
        }
        async {
            match tried {
                Ok(()) => Ok(Probe::Ready(())),
                Err(TryLockError::WouldBlock) => {
                    Ok(Probe::NotYet(format!("`{}` is locked", path.display())))
                }
                Err(TryLockError::Error(error)) => Err(error),
            }
        }
    });
    match waited.await {
        Ok(()) => Ok(file),
        Err(WaitError::Interrupted) => Err(ImageError::Interrupted),
        Err(error) => Err(refused(error)),
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    match options.create(true).append(true).open(path) {
        // Another user's file cannot be written, but it can be locked.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    }
}
