//! Removing labs. Labels say what there is to remove, never memory: this works after a crash, from another shell, and in
//! any state of a lab.
//!
//! The mark that a lab is complete goes first, so that it never outlives the whole. The claim on the name goes last, so
//! that nobody takes the name too early. Whose an object is is decided by the word of the claim in its labels: a lab
//! that is made anew under the name is left alone.

mod gc;
mod held;
mod sweep;

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::engine::Engine;

use super::claim;
use super::error::LabError;
use super::labels::{self, Claim};
use super::passfile;
use held::Refusal;
use sweep::{Objects, Words};

pub use gc::{Collected, GcScope, gc};
pub use held::Held;

/// The objects that were removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Names of containers.
    pub containers: Vec<String>,
    /// Names of networks.
    pub networks: Vec<String>,
    /// Names of volumes.
    pub volumes: Vec<String>,
    /// Names of images.
    pub images: Vec<String>,
    /// Password files on this host.
    pub passfiles: Vec<String>,
}

impl Removed {
    /// Whether there was nothing to remove.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty()
            && self.networks.is_empty()
            && self.volumes.is_empty()
            && self.images.is_empty()
            && self.passfiles.is_empty()
    }

    fn add(&mut self, other: Self) {
        self.containers.extend(other.containers);
        self.networks.extend(other.networks);
        self.volumes.extend(other.volumes);
        self.images.extend(other.images);
        self.passfiles.extend(other.passfiles);
    }
}

/// Time without new objects after which a lab whose `up` was killed counts as gone. Docker finishes a request even when
/// nobody waits for the answer any more, and nothing tells when.
const QUIET: Duration = Duration::from_millis(1500);

/// Time for which Docker may refuse a removal because it is still busy with the object.
const PATIENCE: Duration = Duration::from_secs(20);

/// The same for an object that a container holds which is not this lab's. It stays until somebody removes it.
const PATIENCE_WITH_GUESTS: Duration = Duration::from_secs(1);

/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Removes everything of a lab that this process made. No call for the lab may be running.
///
/// # Errors
/// The first object that could not be removed, and who holds it. The rest was still tried.
pub async fn remove(engine: &Engine, claim: &Claim) -> Result<Removed, LabError> {
    let words = Words::from([Some(claim.word.clone())]);
    remove_words(engine, claim.lab.as_str(), &words, Duration::ZERO).await
}

/// Removes everything of a lab that is there now, whoever made it. If its `up` did not end, or its run was killed, this
/// waits for objects that Docker is still creating and removes them too.
///
/// # Errors
/// The first object that could not be removed, and who holds it. The rest was still tried.
pub async fn remove_any(engine: &Engine, lab: &str) -> Result<Removed, LabError> {
    let there = Objects::of(engine, lab).await?;
    let words = there.words();
    let claim = there.claim(lab);
    let word = claim.and_then(|claim| labels::word(&claim.labels));
    let settle = if words.is_empty() || claim::is_whole(&there.volumes, lab, word) {
        Duration::ZERO
    } else {
        QUIET
    };
    remove_words(engine, lab, &words, settle).await
}

/// Removes what was made under these words, until nothing has appeared for `settle`.
async fn remove_words(
    engine: &Engine,
    lab: &str,
    words: &Words,
    settle: Duration,
) -> Result<Removed, LabError> {
    let mut removed = sweep::unmark(engine, lab, words).await?;
    let mut quiet_since = Instant::now();
    let mut progress = quiet_since;
    let held = loop {
        let there = Objects::of(engine, lab).await?;
        let is_taken_anew = there.is_taken_anew(lab, words);
        let parts = there.made_under(words).without_claim(lab);
        if parts.is_empty() {
            if is_taken_anew || quiet_since.elapsed() >= settle {
                break None;
            }
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        quiet_since = Instant::now();
        let (more, refusals) = sweep::sweep(engine, lab, words, parts).await?;
        if !more.is_empty() {
            progress = Instant::now();
        }
        removed.add(more);
        if let Some(refusal) = hopeless(refusals, progress.elapsed()) {
            break Some(refusal);
        }
        tokio::time::sleep(PAUSE).await;
    };
    let Some(refusal) = held else {
        removed.add(release(engine, lab, words).await?);
        return Ok(removed);
    };
    // A network has a name of its own: if only networks are left, the lab's name is given back.
    let left = Objects::of(engine, lab).await?.made_under(words);
    if left.without_claim(lab).are_networks() {
        release(engine, lab, words).await?;
    }
    Err(refusal.error(lab))
}

/// Removes the password files, and gives the lab's name back last: until then a removal that was killed is gone on with.
async fn release(engine: &Engine, lab: &str, words: &Words) -> Result<Removed, LabError> {
    let words_of_files = words.iter().flatten();
    let passfiles = words_of_files.filter_map(|word| passfile::remove(lab, word));
    let passfiles = passfiles.collect();
    Ok(Removed {
        passfiles,
        ..sweep::release(engine, lab, words).await?
    })
}

/// The refusal for which no further attempt is made, after that time without success.
fn hopeless(refusals: Vec<Refusal>, waited: Duration) -> Option<Refusal> {
    let is_hopeless = |refusal: &Refusal| {
        !refusal.may_pass()
            || waited >= PATIENCE
            || (!refusal.guests.is_empty() && waited >= PATIENCE_WITH_GUESTS)
    };
    refusals.into_iter().find(is_hopeless)
}
