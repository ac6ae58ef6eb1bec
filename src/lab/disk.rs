//! The data disk of a node when its size is limited: filled, and freed again.
//!
//! The disk is memory. Its content lives as long as a container has it mounted, so a container beside the node holds it
//! while the node is stopped and started. That container also fills it: a server that stopped because its disk was full
//! has no container to run a program in.

use crate::engine::{ContainerSpec, ContainerState, Engine, EngineError, Limits, Mount, Volume};
use crate::image::{self, Found};
use crate::name::NodeName;
use crate::plan::PlannedNode;

use super::Lab;
use super::error::LabError;
use super::faults::FaultError;
use super::labels::{self, Claim};

/// The program that fills and frees the disk.
const FILL: &str = include_str!("../../images/node/fill.sh");

/// Creates the volume of a node whose data disk is limited, and the container that holds it.
pub(super) async fn create(
    engine: &Engine,
    claim: &Claim,
    node: &PlannedNode,
    volume: &Volume,
    bytes: u64,
    found: &Found,
) -> Result<Volume, EngineError> {
    let made = engine.create_disk(volume, bytes).await?;
    let spec = ContainerSpec {
        name: labels::disk_object(&claim.lab, &node.name),
        hostname: "disk".to_owned(),
        image: found.reference.clone(),
        user: "postgres".to_owned(),
        command: labels::HOLD.map(str::to_owned).into(),
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
        limits: Limits::default(),
        shm_bytes: 0,
        labels: labels::of_lab(claim),
        stdin: false,
        power: None,
    };
    let id = engine.create_container(&spec).await?;
    engine.start_container(&id).await?;
    Ok(made)
}

impl Lab {
    /// The nodes whose data disk a step or `lab fault` filled.
    ///
    /// # Errors
    /// The engine's error.
    pub async fn full_disks(&self) -> Result<Vec<NodeName>, LabError> {
        let mut full = Vec::new();
        for node in self.plan.nodes.iter().filter(|node| node.disk.is_some()) {
            if self.disk(&node.name, "look").await? == "full" {
                full.push(node.name.clone());
            }
        }
        Ok(full)
    }

    /// Whether the data of a stopped node is lost, because its disk is memory and the container that held it has ended.
    ///
    /// # Errors
    /// The engine's error.
    pub(crate) async fn lost_disk(&self, node: &NodeName) -> Result<bool, EngineError> {
        let planned = self.plan.node(node);
        if planned.is_none_or(|planned| planned.disk.is_none()) {
            return Ok(false);
        }
        let name = labels::disk_object(&self.plan.lab, node);
        let holder = self.engine.find_container(&name).await?;
        Ok(holder.is_none_or(|holder| holder.state != ContainerState::Running))
    }

    /// Fills a node's data disk.
    ///
    /// # Errors
    /// [`FaultError::Refused`], or the engine's error.
    pub async fn fill_disk(&self, node: &NodeName) -> Result<String, LabError> {
        self.disk(node, "fill").await
    }

    /// Frees what [`Lab::fill_disk`] filled.
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
