//! The container beside a node that changes the node's network. The node itself is not privileged to do so.
//!
//! It stays for the next fault and is removed with the lab. Running a program in it takes a fifth of the time of making
//! it.

use tokio_util::sync::CancellationToken;

use super::{FaultError, Rules};
use crate::engine::{
    Container, ContainerSpec, ContainerState, EngineErrorKind, Limits, NetworkPower,
};
use crate::event::Silent;
use crate::image;
use crate::lab::Lab;
use crate::lab::error::LabError;
use crate::lab::labels::{self, Claim};
use crate::name::NodeName;

/// The program that applies the rules.
const APPLY: &str = include_str!("../../../images/net/apply.sh");

/// Its exit code when the node has left the network that it is in.
pub(super) const STALE: i64 = 3;

/// Number of attempts. A node that restarts meanwhile leaves the container's network; this often is no coincidence.
const ATTEMPTS: usize = 3;

impl Lab {
    /// Applies rules in a running node's network.
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
                // Somebody ended the container.
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

    /// The running container beside a node, made if there is none.
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
        let spec = spec(&self.claim, name.clone(), found.reference, power);
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

/// A container that waits for programs to be run in it. It has no node label, because it is not a node.
pub(super) fn spec(
    claim: &Claim,
    name: String,
    image: String,
    power: NetworkPower,
) -> ContainerSpec {
    ContainerSpec {
        name,
        hostname: "net".to_owned(),
        image,
        user: "root".to_owned(),
        command: labels::HOLD.map(str::to_owned).into(),
        env: Vec::new(),
        network: None,
        address: None,
        publish: None,
        mounts: Vec::new(),
        limits: Limits::default(),
        shm_bytes: 0,
        labels: labels::of_lab(claim),
        stdin: false,
        power: Some(power),
    }
}
