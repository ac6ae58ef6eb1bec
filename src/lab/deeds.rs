//! What a proof does to a lab in use, noted before it is done. A proof that is killed cannot undo it; whoever finds the note
//! can.
//!
//! A note is a volume with a label, as faults are. It goes when the deed was undone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::{Selector, Volume};
use crate::name::NodeName;
use crate::server::activity::Process;

use super::error::LabError;
use super::faults::FaultError;
use super::labels::{self, DEED_LABEL, OWNER_LABEL};
use super::{Lab, claim, owner};

/// What a proof is about to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It freezes nodes.
    Freeze {
        /// The nodes.
        nodes: Vec<NodeName>,
    },
    /// It commits rows.
    Write {
        /// The node.
        node: NodeName,
        /// The process that commits them.
        #[serde(flatten)]
        process: Process,
        /// The rows.
        rows: Value,
    },
}

/// The note of a deed.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    volume: String,
    /// The deed.
    pub deed: Deed,
}

impl Lab {
    /// Notes a deed. A lab that is being made needs no note: what is left of it is removed whole.
    ///
    /// # Errors
    /// The engine's error.
    pub async fn note_deed(&self, deed: Deed) -> Result<Option<Note>, LabError> {
        if !self.is_complete {
            return Ok(None);
        }
        let mut own = labels::of_lab(&self.claim);
        own.insert(OWNER_LABEL.to_owned(), owner::this_process());
        let json = serde_json::to_string(&deed).map_err(FaultError::Note)?;
        own.insert(DEED_LABEL.to_owned(), json);
        let volume = labels::deed_object(&self.plan.lab, &claim::random_word());
        let wanted = Volume {
            name: volume.clone(),
            labels: own,
        };
        self.engine.create_volume(&wanted).await?;
        Ok(Some(Note { volume, deed }))
    }

    /// Forgets a deed that was undone.
    ///
    /// # Errors
    /// The engine's error.
    pub async fn forget_deed(&self, note: &Note) -> Result<(), LabError> {
        Ok(self.engine.remove_volume(&note.volume).await?)
    }

    /// The deeds of proofs that were killed.
    ///
    /// # Errors
    /// The engine's error.
    pub async fn deeds_left(&self) -> Result<Vec<Note>, LabError> {
        let volumes = self.engine.volumes(&Selector::lab(&self.plan.lab)).await?;
        let left = volumes.into_iter().filter_map(|volume| {
            let own = Some(&volume.labels).filter(|own| self.claim.owns(own))?;
            let deed = serde_json::from_str(own.get(DEED_LABEL)?).ok()?;
            let has_ended = own.get(OWNER_LABEL).is_none_or(|by| owner::has_ended(by));
            has_ended.then_some(Note {
                volume: volume.name,
                deed,
            })
        });
        Ok(left.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_which_process_it_was_and_an_older_one_is_read() {
        let node = NodeName::new("primary").expect("a name");
        let began = "1700000000.123456".to_owned();
        let deed = Deed::Write {
            node: node.clone(),
            process: Process { pid: 7, began },
            rows: Value::Array(Vec::new()),
        };
        let json = serde_json::to_string(&deed).expect("JSON");
        assert!(json.contains(r#""began":"1700000000.123456""#), "{json}");
        assert_eq!(serde_json::from_str::<Deed>(&json).expect("a deed"), deed);
        let older = r#"{"write":{"node":"primary","pid":7,"rows":[]}}"#;
        let read = serde_json::from_str::<Deed>(older).expect("a deed");
        let began = String::new();
        let rows = Value::Array(Vec::new());
        let process = Process { pid: 7, began };
        assert_eq!(
            read,
            Deed::Write {
                node,
                process,
                rows
            }
        );
    }
}
