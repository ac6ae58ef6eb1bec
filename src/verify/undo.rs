//! What a proof did to a lab in use: noted before it is done, and undone by the next one if the proof was killed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::engine::ContainerState;
use crate::failure::Failure;
use crate::lab::deeds::{Deed, Note};
use crate::lab::{Lab, LabError};
use crate::name::NodeName;
use crate::server::activity::{self, Process};
use crate::server::client::{Reader, words};
use crate::text::{chain, count};
use crate::wait::{Probe, wait_for};

use super::probe::{self, How, ProbeRow};
use super::{Prover, edge, limited};

/// Undoes what killed proofs left: frozen nodes and rows. Returns what was undone, or could not be.
///
/// # Errors
/// The engine's error, or [`LabError::Interrupted`].
pub async fn undo_killed(
    lab: &Lab,
    within: Duration,
    cancel: &CancellationToken,
) -> Result<Vec<String>, LabError> {
    let (frozen, written): (Vec<Note>, Vec<Note>) = lab
        .deeds_left()
        .await?
        .into_iter()
        .partition(|note| matches!(note.deed, Deed::Freeze { .. }));
    let mut told = Vec::new();
    for note in &frozen {
        told.extend(thaw(lab, note).await?);
    }
    if written.is_empty() {
        return Ok(told);
    }
    // Nodes that were thawed can be asked now.
    let lab = Lab::find(lab.engine.clone(), &lab.plan.lab).await?;
    let (lab, _) = lab.present().await;
    let proof = Prover::new(&lab, BTreeMap::new(), within, cancel).await;
    for node in &lab.plan.nodes {
        let notes: Vec<&Note> = written
            .iter()
            .filter(|note| is_on(note, &node.name))
            .collect();
        if notes.is_empty() {
            continue;
        }
        match proof.unwrite(&node.name, &notes).await {
            Ok(rows) => {
                for note in notes {
                    lab.forget_deed(note).await?;
                }
                let rows = count(rows, "row");
                told.push(format!(
                    "{rows} of a killed proof removed from `{}`",
                    node.name
                ));
            }
            Err(why) => told.push(format!(
                "rows of a killed proof are left on `{}`: {why}",
                node.name
            )),
        }
    }
    if cancel.is_cancelled() {
        return Err(LabError::Interrupted);
    }
    Ok(told)
}

/// Thaws the nodes that a killed proof froze.
async fn thaw(lab: &Lab, note: &Note) -> Result<Vec<String>, LabError> {
    let Deed::Freeze { nodes } = &note.deed else {
        return Ok(Vec::new());
    };
    let mut told = Vec::new();
    for node in nodes {
        let Ok(container) = lab.container(node.as_str()) else {
            continue;
        };
        let now = lab.engine.find_container(&container.id).await?;
        if now.is_some_and(|now| now.state == ContainerState::Paused) {
            lab.engine.unpause_container(&container.id).await?;
            told.push(format!("`{node}` thawed: a killed proof had frozen it"));
        }
    }
    lab.forget_deed(note).await?;
    Ok(told)
}

fn is_on(note: &Note, name: &NodeName) -> bool {
    matches!(&note.deed, Deed::Write { node, .. } if node == name)
}

impl Prover<'_> {
    /// Notes rows that will be committed, or ends their transaction. A row that is the user's own is only touched.
    pub(super) async fn note_rows(
        &self,
        node: &NodeName,
        client: &Reader,
        rows: &[ProbeRow],
    ) -> Result<(), Failure> {
        let ours: Vec<&ProbeRow> = rows.iter().filter(|row| row.how == How::Inserted).collect();
        if ours.is_empty() || !self.lab.is_complete {
            return Ok(());
        }
        let noting = async {
            let process = activity::own_process(client).await.map_err(words)?;
            let rows = serde_json::to_value(&ours).map_err(|error| chain(&error))?;
            let node = node.clone();
            let deed = Deed::Write {
                node,
                process,
                rows,
            };
            Ok::<_, Failure>(self.lab.note_deed(deed).await?)
        };
        match noting.await {
            Ok(made) => {
                self.notes.lock().await.extend(made);
                Ok(())
            }
            Err(why) => {
                let _ = client.batch_execute("ROLLBACK").await;
                Err(why)
            }
        }
    }

    /// Forgets the rows that were written on a node and are gone.
    pub(super) async fn forget_rows(&self, node: &NodeName) {
        let mut notes = self.notes.lock().await;
        let (gone, others) = notes.drain(..).partition(|note| is_on(note, node));
        *notes = others;
        let gone: Vec<Note> = gone;
        for forgotten in join_all(gone.iter().map(|note| self.lab.forget_deed(note))).await {
            if let Err(error) = forgotten {
                tracing::debug!(error = chain(&error), "forgetting what was undone");
            }
        }
    }

    /// Removes the rows that notes tell of, also from subscribers. Returns how many there were.
    async fn unwrite(&self, node: &NodeName, notes: &[&Note]) -> Result<usize, Failure> {
        let primary = self.lab.plan.primary_of(node);
        let client = self.client(primary)?;
        let mut versions: Vec<Vec<ProbeRow>> = Vec::new();
        let mut removed = 0;
        for note in notes {
            let Deed::Write { process, rows, .. } = &note.deed else {
                continue;
            };
            self.has_ended(client, process).await?;
            let rows: Vec<ProbeRow> =
                serde_json::from_value(rows.clone()).map_err(|error| chain(&error))?;
            let gone = probe::remove(client, &rows).await;
            removed += gone.map_err(|error| chain(&error))?.rows;
            versions.push(rows);
        }
        let versions: Vec<&[ProbeRow]> = versions.iter().map(Vec::as_slice).collect();
        let primary = self.lab.plan.node(primary);
        let Some(primary) = primary else {
            return Ok(removed);
        };
        let (_, followed) = self.followed(primary).await;
        let (lsn, _) = edge::now(client).await?;
        for edge in &followed {
            // A row that is still on its way would arrive after the sweep.
            self.has_applied(edge, lsn).await?;
            if let Some(failed) = self.sweep_what_is_left(edge, &versions).await {
                return Err(failed.detail.into());
            }
        }
        let beyond = self.sweep_beyond(primary, &versions).await;
        match beyond.into_iter().find(|check| !check.passed) {
            Some(failed) => Err(failed.detail.into()),
            None => Ok(removed),
        }
    }

    /// Waits for the end of a process that may still be committing.
    async fn has_ended(&self, client: &Reader, process: &Process) -> Result<(), Failure> {
        let waited = wait_for(self.within, self.cancel, || async {
            let runs = activity::runs(client, process).await;
            Ok(if runs.map_err(Failure::from)? {
                Probe::NotYet(format!("its process {} still runs", process.pid))
            } else {
                Probe::Ready(())
            })
        });
        waited.await.map_err(limited)
    }
}
