//! A node's data disk of a bounded size: filled, and freed again.
//!
//! It is memory, and what is in it lives as long as a container has it mounted. So one beside the node holds it, while the
//! node is stopped and started. That one fills it too: a server that gave up for want of room has no container to run
//! a program in.

use crate::engine::{ContainerSpec, Engine, EngineError, Mount, Volume};
use crate::image::{self, Found};
use crate::name::NodeName;
use crate::plan::{Plan, PlannedNode};

use super::error::LabError;
use super::faults::FaultError;
use super::{Lab, labels};

/// See there.
const FILL: &str = include_str!("../../images/node/fill.sh");

/// Makes the volume of a node whose data disk is bounded, and the container that holds it.
pub(super) async fn create(
    engine: &Engine,
    plan: &Plan,
    node: &PlannedNode,
    volume: &Volume,
    bytes: u64,
    found: &Found,
) -> Result<Volume, EngineError> {
    let made = engine.create_disk(volume, bytes).await?;
    let spec = ContainerSpec {
        name: labels::disk_object(&plan.lab, &node.name),
        hostname: "disk".to_owned(),
        image: found.reference.clone(),
        user: "postgres".to_owned(),
        command: ["sleep", "infinity"].map(str::to_owned).into(),
        env: Vec::new(),
        network: None,
        address: None,
        publish: None,
        mounts: vec![Mount {
            volume: volume.name.clone(),
            target: image::data_mount(&found.image).into(),
            read_only: false,
            labels: volume.labels.clone(),
        }],
        shm_bytes: 0,
        labels: labels::of_lab(&plan.lab),
        stdin: false,
        power: None,
    };
    let id = engine.create_container(&spec).await?;
    engine.start_container(&id).await?;
    Ok(made)
}

impl Lab {
    /// The nodes whose data disk is filled.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn full_disks(&self) -> Result<Vec<NodeName>, LabError> {
        let mut full = Vec::new();
        for node in self.plan.nodes.iter().filter(|node| node.disk.is_some()) {
            if self.disk(&node.name, "look").await? == "full" {
                full.push(node.name.clone());
            }
        }
        Ok(full)
    }

    /// Takes all the room that a node's data disk has left.
    ///
    /// # Errors
    /// [`FaultError::Refused`], or what the engine says.
    pub async fn fill_disk(&self, node: &NodeName) -> Result<String, LabError> {
        self.disk(node, "fill").await
    }

    /// Gives it back.
    ///
    /// # Errors
    /// As [`Lab::fill_disk`].
    pub async fn free_disk(&self, node: &NodeName) -> Result<String, LabError> {
        self.disk(node, "free").await
    }

    async fn disk(&self, node: &NodeName, what: &str) -> Result<String, LabError> {
        let name = labels::disk_object(&self.plan.lab, node);
        let command = ["sh", "-c", FILL, "lab-disk", what].map(str::to_owned);
        let ran = self.engine.exec(&name, &command, &[]).await?;
        let said = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
        if ran.code == 0 {
            return Ok(said);
        }
        let said = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        let node = node.clone();
        Err(FaultError::Disk { node, said }.into())
    }
}
