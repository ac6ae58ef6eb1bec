//! One look at what there is of a lab, and one attempt to remove it.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;

use super::Removed;
use super::held::{self, Refusal};
use crate::engine::{
    Container, ContainerState, Engine, EngineError, EngineErrorKind, LAB_LABEL, Labels, Network,
    Selector, Volume,
};
use crate::lab::labels;

/// Number of objects that are removed at once. Docker 20.10 loses endpoints when it removes sixty containers at once, and
/// takes longer for them.
const AT_ONCE: usize = 8;

/// The words of the claims under which a lab's objects were made. None is for objects without one.
pub(super) type Words = BTreeSet<Option<String>>;

/// The objects that carry a lab's name.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) containers: Vec<Container>,
    pub(super) networks: Vec<Network>,
    pub(super) volumes: Vec<Volume>,
}

impl Objects {
    pub(super) async fn of(engine: &Engine, lab: &str) -> Result<Self, EngineError> {
        Self::selected(
            engine,
            &Selector::LabelValue(LAB_LABEL.to_owned(), lab.to_owned()),
        )
        .await
    }

    /// Claims are made first, so they are listed last: what is listed has its claim listed too.
    pub(super) async fn selected(engine: &Engine, which: &Selector) -> Result<Self, EngineError> {
        let (containers, networks) =
            tokio::try_join!(engine.containers(which), engine.networks(Some(which)))?;
        let volumes = engine.volumes(which).await?;
        Ok(Self {
            containers,
            networks,
            volumes,
        })
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = &Labels> {
        let containers = self.containers.iter().map(|found| &found.labels);
        let networks = self.networks.iter().map(|found| &found.labels);
        let volumes = self.volumes.iter().map(|found| &found.labels);
        containers.chain(networks).chain(volumes)
    }

    pub(super) fn words(&self) -> Words {
        self.labels()
            .map(|labels| labels::word(labels).cloned())
            .collect()
    }

    /// The volume that claims the lab's name.
    pub(super) fn claim(&self, lab: &str) -> Option<&Volume> {
        let mut volumes = self.volumes.iter();
        volumes.find(|volume| is_claim(volume, lab))
    }

    /// Whether another process has claimed the name since.
    pub(super) fn is_taken_anew(&self, lab: &str, words: &Words) -> bool {
        let claim = self.claim(lab);
        claim.is_some_and(|claim| !is_under(words, &claim.labels))
    }

    pub(super) fn made_under(mut self, words: &Words) -> Self {
        self.containers.retain(|it| is_under(words, &it.labels));
        self.networks.retain(|it| is_under(words, &it.labels));
        self.volumes.retain(|it| is_under(words, &it.labels));
        self
    }

    pub(super) fn without_claim(mut self, lab: &str) -> Self {
        self.volumes.retain(|volume| !is_claim(volume, lab));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.are_networks() && self.networks.is_empty()
    }

    /// Whether there is nothing but networks.
    pub(super) fn are_networks(&self) -> bool {
        self.containers.is_empty() && self.volumes.is_empty()
    }
}

fn is_claim(volume: &Volume, lab: &str) -> bool {
    volume.name.strip_prefix("lab-") == Some(lab)
}

fn is_under(words: &Words, found: &Labels) -> bool {
    words.contains(&labels::word(found).cloned())
}

fn of_lab(lab: &str) -> Selector {
    Selector::LabelValue(LAB_LABEL.to_owned(), lab.to_owned())
}

/// Removes the volumes of that name that were made under these words.
async fn remove_named(
    engine: &Engine,
    lab: &str,
    words: &Words,
    name: &str,
) -> Result<Removed, EngineError> {
    let mut removed = Removed::default();
    let volumes = engine.volumes(&of_lab(lab)).await?;
    let is_it = |volume: &&Volume| volume.name == name && is_under(words, &volume.labels);
    if let Some(volume) = volumes.iter().find(is_it) {
        engine.remove_volume(&volume.name).await?;
        removed.volumes.push(volume.name.clone());
    }
    Ok(removed)
}

/// Removes the mark that the lab is complete.
pub(super) async fn unmark(
    engine: &Engine,
    lab: &str,
    words: &Words,
) -> Result<Removed, EngineError> {
    let mark = format!("lab-{lab}.ready");
    match remove_named(engine, lab, words, &mark).await {
        // The sweep tries it again and says who holds it.
        Err(error) if error.kind == EngineErrorKind::Conflict => Ok(Removed::default()),
        done => done,
    }
}

/// Gives the lab's name back.
pub(super) async fn release(
    engine: &Engine,
    lab: &str,
    words: &Words,
) -> Result<Removed, EngineError> {
    remove_named(engine, lab, words, &format!("lab-{lab}")).await
}

/// Tries to remove every one of these objects. Returns the removed ones and the engine's refusals.
pub(super) async fn sweep(
    engine: &Engine,
    lab: &str,
    words: &Words,
    parts: Objects,
) -> Result<(Removed, Vec<Refusal>), EngineError> {
    let mut removed = Removed::default();
    let containers = parts.containers.into_iter().map(async |container| {
        let gone = remove_container(engine, &container).await;
        gone.map(|()| container.name).map_err(Refusal::of_container)
    });
    let mut refusals = at_once(containers, &mut removed.containers).await;
    let networks = parts.networks.into_iter();
    let networks = networks.map(async |network| remove_network(engine, &network, lab, words).await);
    let mut gone = Vec::new();
    let (more, volumes) = tokio::join!(
        at_once(networks, &mut removed.networks),
        remove_volumes(engine, &parts.volumes, lab, words, &mut gone)
    );
    removed.volumes = gone;
    refusals.extend(more);
    refusals.extend(volumes?);
    Ok((removed, refusals))
}

/// Awaits removals, some at once. None is given up: an engine finishes what it was asked for.
async fn at_once<F>(each: impl Iterator<Item = F>, removed: &mut Vec<String>) -> Vec<Refusal>
where
    F: Future<Output = Result<String, Refusal>>,
{
    let mut refusals = Vec::new();
    let mut each = stream::iter(each).buffer_unordered(AT_ONCE);
    while let Some(done) = each.next().await {
        match done {
            Ok(name) => removed.push(name),
            Err(refusal) => refusals.push(refusal),
        }
    }
    removed.sort();
    refusals
}

async fn remove_container(engine: &Engine, container: &Container) -> Result<(), EngineError> {
    // A frozen process may not die.
    if container.state == ContainerState::Paused
        && let Err(error) = engine.unpause_container(&container.id).await
    {
        tracing::debug!(cause = %error.source, "{error}");
    }
    engine.remove_container(&container.id).await
}

async fn remove_network(
    engine: &Engine,
    network: &Network,
    lab: &str,
    words: &Words,
) -> Result<String, Refusal> {
    let refused = match engine.remove_network(&network.id).await {
        Err(error) if error.kind == EngineErrorKind::Conflict => error,
        Err(error) => return Err(Refusal::of_network(error, network, Vec::new())),
        Ok(()) => return Ok(network.name.clone()),
    };
    let guests = match held::free(engine, network, lab, words).await {
        Ok(guests) => guests,
        Err(error) => return Err(Refusal::of_network(error, network, Vec::new())),
    };
    if guests.is_empty() && engine.remove_network(&network.id).await.is_ok() {
        return Ok(network.name.clone());
    }
    Err(Refusal::of_network(refused, network, guests))
}

/// Removes volumes. They have no id: somebody else may remove one, and the lab that has the name next makes it anew. So
/// each batch is looked at again just before.
async fn remove_volumes(
    engine: &Engine,
    volumes: &[Volume],
    lab: &str,
    words: &Words,
    removed: &mut Vec<String>,
) -> Result<Vec<Refusal>, EngineError> {
    let mut refusals = Vec::new();
    for batch in volumes.chunks(AT_ONCE) {
        let there = engine.volumes(&of_lab(lab)).await?;
        let batch: Vec<&Volume> = batch.iter().filter(|it| there.contains(it)).collect();
        let removals = batch.iter().map(|it| engine.remove_volume(&it.name));
        for (volume, gone) in batch.iter().zip(join_all(removals).await) {
            match gone {
                Ok(()) => removed.push(volume.name.clone()),
                Err(error) => {
                    refusals.push(Refusal::of_volume(engine, error, volume, lab, words).await?);
                }
            }
        }
    }
    removed.sort();
    Ok(refusals)
}
