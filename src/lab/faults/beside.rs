//! The container beside a node from which the node's network is changed. The node itself has no power over it.
//!
//! It stays for the next fault and goes with the lab: running a program in it takes a fifth of the time of making it.

use tokio_util::sync::CancellationToken;

use super::{FaultError, Rules};
use crate::engine::{Container, ContainerSpec, ContainerState, EngineErrorKind, NetworkPower};
use crate::event::Silent;
use crate::image;
use crate::lab::error::LabError;
use crate::lab::{Lab, labels};
use crate::name::{LabName, NodeName};

/// See there.
const APPLY: &str = include_str!("../../../images/net/apply.sh");

/// The exit code by which it says that it is in a network that its node has left.
pub(super) const STALE: i64 = 3;

/// A node that is started anew meanwhile leaves the container's network. More often than so is no coincidence.
const ATTEMPTS: usize = 3;

impl Lab {
    /// Puts rules into force in a running node's network.
    pub(super) async fn apply(
        &self,
        node: &NodeName,
        container: &Container,
        rules: &Rules,
        cancel: &CancellationToken,
    ) -> Result<(), LabError> {
        let command = ["sh", "-c", APPLY, "lab-net", &rules.packets, &rules.shaping];
        let command = command.map(str::to_owned);
        for _ in 0..ATTEMPTS {
            let id = self.beside(node, container, cancel).await?;
            let ran = match self.engine.exec(&id, &command, &[]).await {
                // It was ended from outside.
                Err(error) if error.kind == EngineErrorKind::Conflict => continue,
                ran => ran?,
            };
            match ran.code {
                0 => return Ok(()),
                STALE => self.engine.remove_container(&id).await?,
                _ => {
                    let said = String::from_utf8_lossy(&ran.stderr);
                    return Err(FaultError::refused(node, &rules.shaping, said.trim()).into());
                }
            }
        }
        Err(FaultError::Restless { node: node.clone() }.into())
    }

    /// The container beside a node, made where there is none that runs.
    async fn beside(
        &self,
        node: &NodeName,
        container: &Container,
        cancel: &CancellationToken,
    ) -> Result<String, LabError> {
        let name = labels::beside_object(&self.plan.lab, node);
        if let Some(found) = self.engine.find_container(&name).await? {
            if found.state == ContainerState::Running {
                return Ok(found.id);
            }
            self.engine.remove_container(&found.id).await?;
        }
        let found = image::ensure_net(&self.engine, &Silent, cancel).await?;
        let power = NetworkPower::Of(container.id.clone());
        let spec = spec(&self.plan.lab, name.clone(), found.reference, power);
        match self.engine.create_container(&spec).await {
            Ok(id) => {
                self.engine.start_container(&id).await?;
                Ok(id)
            }
            // Another process made it just now.
            Err(error) if error.kind == EngineErrorKind::Conflict => {
                self.engine.start_container(&name).await?;
                Ok(name)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A container that waits for programs to be run in it. It has no node's label, for it is none.
pub(super) fn spec(
    lab: &LabName,
    name: String,
    image: String,
    power: NetworkPower,
) -> ContainerSpec {
    ContainerSpec {
        name,
        hostname: "net".to_owned(),
        image,
        user: "root".to_owned(),
        command: ["sleep", "infinity"].map(str::to_owned).into(),
        env: Vec::new(),
        network: None,
        address: None,
        publish: None,
        mounts: Vec::new(),
        shm_bytes: 0,
        labels: labels::of_lab(lab),
        stdin: false,
        power: Some(power),
    }
}
