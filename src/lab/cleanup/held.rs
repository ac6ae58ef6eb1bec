//! Who holds an object that cannot be removed.

use std::fmt;

use super::sweep::Words;
use crate::engine::{Container, Engine, EngineError, EngineErrorKind, LAB_LABEL, Network, Volume};
use crate::lab::error::LabError;
use crate::lab::labels;

/// Why an object of a lab could not be removed: containers that are not the lab's use it, or the engine is busy with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Held {
    /// The lab.
    pub lab: String,
    /// The object's name.
    pub object: String,
    /// Whether it is a network.
    pub is_network: bool,
    /// The names of the containers that use it and are not the lab's.
    pub by: Vec<String>,
    /// The engine's words.
    pub said: String,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.by.iter().map(|name| format!("`{name}`")).collect();
        let (use_it, lab) = (
            if self.is_network { "on it" } else { "using it" },
            &self.lab,
        );
        match names.as_slice() {
            [] => f.write_str(&self.said),
            [one] => write!(
                f,
                "the container {one} is {use_it} and does not belong to the lab `{lab}`"
            ),
            many => {
                let many = many.join(", ");
                write!(
                    f,
                    "the containers {many} are {use_it} and do not belong to the lab `{lab}`"
                )
            }
        }
    }
}

impl Held {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let again = format!("`lab down {}` removes what is left", self.lab);
        let Some(first) = self.by.first() else {
            return format!("wait a little, then {again}");
        };
        let all = self.by.join(" ");
        if self.is_network {
            let network = &self.object;
            format!(
                "`docker network disconnect --force {network} {first}` takes it off, `docker rm --force {all}` removes it; then {again}"
            )
        } else {
            format!("`docker rm --force {all}` removes what uses it; then {again}")
        }
    }
}

/// A removal that the engine refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: EngineError,
    /// The object's name, and whether it is a network. None for a container.
    object: Option<(String, bool)>,
    /// The names of the containers that hold it and are not the lab's.
    pub(super) guests: Vec<String>,
}

impl Refusal {
    pub(super) fn of_container(error: EngineError) -> Self {
        Self {
            error,
            object: None,
            guests: Vec::new(),
        }
    }

    /// Looks for the guests on a network.
    pub(super) fn of_network(error: EngineError, network: &Network, guests: Vec<String>) -> Self {
        Self {
            error: EngineError {
                act: format!("removing the network `{}`", network.name),
                ..error
            },
            object: Some((network.name.clone(), true)),
            guests,
        }
    }

    /// Looks for the guests that use a volume. The engine's words have their ids.
    pub(super) async fn of_volume(
        engine: &Engine,
        error: EngineError,
        volume: &Volume,
        lab: &str,
        words: &Words,
    ) -> Result<Self, EngineError> {
        let mut guests = Vec::new();
        if error.kind == EngineErrorKind::Conflict {
            let is_id = |word: &&str| word.len() == 64;
            let said = error.source.0.clone();
            let ids = said.split(|c: char| !c.is_ascii_hexdigit()).filter(is_id);
            for id in ids {
                let found = engine.find_container(id).await?;
                let guest = found.filter(|found| !is_part(found, lab, words));
                guests.extend(guest.map(|guest| guest.name));
            }
        }
        Ok(Self {
            error,
            object: Some((volume.name.clone(), false)),
            guests,
        })
    }

    /// Whether another attempt may succeed.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self.error.kind,
            EngineErrorKind::Conflict | EngineErrorKind::Busy
        )
    }

    pub(super) fn error(self, lab: &str) -> LabError {
        match self.object {
            Some((object, is_network)) if self.error.kind == EngineErrorKind::Conflict => {
                LabError::Held {
                    act: self.error.act,
                    held: Box::new(Held {
                        lab: lab.to_owned(),
                        object,
                        is_network,
                        by: self.guests,
                        said: self.error.source.0,
                    }),
                }
            }
            _ => self.error.into(),
        }
    }
}

/// Whether a container was made under one of these words of the lab.
pub(super) fn is_part(container: &Container, lab: &str, words: &Words) -> bool {
    let owner = container.labels.get(LAB_LABEL).map(String::as_str);
    owner == Some(lab) && words.contains(&labels::word(&container.labels).cloned())
}

/// Takes endpoints off a network whose containers are gone: an engine that lost a container never does. Returns the
/// names of the containers there that are not the lab's.
pub(super) async fn free(
    engine: &Engine,
    network: &Network,
    lab: &str,
    words: &Words,
) -> Result<Vec<String>, EngineError> {
    let mut guests = Vec::new();
    for endpoint in engine.endpoints(&network.id).await? {
        match engine.find_container(&endpoint.container).await? {
            None => engine.disconnect(&network.id, &endpoint.name).await?,
            Some(found) if is_part(&found, lab, words) => {}
            Some(found) => guests.push(found.name),
        }
    }
    guests.sort();
    Ok(guests)
}
