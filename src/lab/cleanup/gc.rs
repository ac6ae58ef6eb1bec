//! Removing what crashed processes left behind.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::sweep::{Objects, Words};
use super::{QUIET, Removed, remove_words};
use crate::engine::{Engine, EngineError, EngineErrorKind, LAB_LABEL, Labels, Selector};
use crate::lab::error::LabError;
use crate::lab::labels::{self, TEMPLATE_LABEL};
use crate::lab::passfile::{self, Passfile};
use crate::lab::{claim, owner, running};

/// Number of labs that are removed at once.
const LABS_AT_ONCE: usize = 4;

/// The scope of `gc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GcScope {
    /// Labs whose `up` was killed before it ended, and labs of a killed run that was not to keep them.
    Leftovers,
    /// The same, and the templates and images that `lab` built.
    Everything,
}

/// What `gc` did.
#[derive(Debug, Default)]
pub struct Collected {
    /// What was removed, by lab.
    pub removed: BTreeMap<String, Removed>,
    /// The labs that could not be removed, each with the reason.
    pub failed: BTreeMap<String, LabError>,
}

/// Removes what crashed processes left behind. Complete labs stay, unless they were for one process and it is gone. Labs
/// that a living process is making stay too. A lab that cannot be removed does not keep the others.
///
/// # Errors
/// The engine's error.
pub async fn gc(engine: &Engine, reach: GcScope) -> Result<Collected, LabError> {
    // A lab claims its name before it writes its file. So what has a file now, has a claim in every later list.
    let files = passfile::all();
    let mut leftovers = Vec::new();
    for name in running(engine).await? {
        let there = Objects::of(engine, &name).await?;
        let words = leftover(&there, &name);
        if !words.is_empty() {
            leftovers.push((name, words));
        }
    }
    let removals = leftovers.into_iter().map(async |(name, words)| {
        let gone = remove_words(engine, &name, &words, QUIET).await;
        (name, gone)
    });
    let mut collected = Collected::default();
    let mut removals = stream::iter(removals).buffer_unordered(LABS_AT_ONCE);
    while let Some((name, gone)) = removals.next().await {
        match gone {
            Ok(gone) if gone.is_empty() => {}
            Ok(gone) => _ = collected.removed.insert(name, gone),
            Err(error) => _ = collected.failed.insert(name, error),
        }
    }
    for (name, files) in remove_passfiles(engine, files).await? {
        let removed = collected.removed.entry(name).or_default();
        removed.passfiles.extend(files);
    }
    if reach == GcScope::Everything {
        let shared = remove_shared(engine).await?;
        if !shared.is_empty() {
            let key = "shared by labs".to_owned();
            collected.removed.insert(key, shared);
        }
    }
    Ok(collected)
}

/// The words of claims of this lab that no living process stands for, and under which no complete lab was made.
fn leftover(there: &Objects, lab: &str) -> Words {
    let claim = there.claim(lab);
    let claimed = claim.and_then(|claim| labels::word(&claim.labels));
    // What has no word was made by an older `lab`, and goes with the claim.
    let word_of = |labels: &Labels| labels::word(labels).or(claimed).cloned();
    let words: BTreeSet<Option<String>> = there.labels().map(word_of).collect();
    let is_kept = |word: &Option<String>| {
        let is_owned = there.labels().any(|labels| {
            let owner = labels.get(labels::OWNER_LABEL);
            word_of(labels) == *word && owner.is_some_and(|owner| !owner::has_ended(owner))
        });
        is_owned || claim::is_whole(&there.volumes, lab, word.as_ref())
    };
    let mut leftover: Words = words.into_iter().filter(|word| !is_kept(word)).collect();
    if leftover.contains(&claimed.cloned()) {
        leftover.insert(None);
    }
    leftover
}

/// Removes the password files of labs of this engine that are gone, and gives their names by lab.
async fn remove_passfiles(
    engine: &Engine,
    files: Vec<Passfile>,
) -> Result<BTreeMap<String, Vec<String>>, EngineError> {
    let mut removed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if files.is_empty() {
        return Ok(removed);
    }
    let id = engine.info().await?.id;
    let there = Objects::selected(engine, &Selector::Label(LAB_LABEL.to_owned())).await?;
    let words = there.words();
    for file in files {
        let is_of_another = file.engine.as_ref() != Some(&id);
        if is_of_another || words.contains(&Some(file.word.clone())) {
            continue;
        }
        if let Some(gone) = passfile::remove(&file.lab, &file.word) {
            removed.entry(file.lab).or_default().push(gone);
        }
    }
    Ok(removed)
}

async fn remove_shared(engine: &Engine) -> Result<Removed, EngineError> {
    let mut removed = Removed::default();
    let templates = Selector::Label(TEMPLATE_LABEL.to_owned());
    for volume in engine.volumes(&templates).await? {
        match engine.remove_volume(&volume.name).await {
            Ok(()) => removed.volumes.push(volume.name),
            // A lab that runs still has it mounted.
            Err(error) if error.kind == EngineErrorKind::Conflict => {}
            Err(error) => return Err(error),
        }
    }
    let images = Selector::Label(crate::image::IMAGE_LABEL.to_owned());
    for image in engine.images(&images).await? {
        let reference = image.tags.first().unwrap_or(&image.id);
        match engine.remove_image(reference).await {
            Ok(()) => removed.images.push(reference.clone()),
            Err(error) if error.kind == EngineErrorKind::Conflict => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}
