//! The world's containers, and Docker's rules about them.

use std::net::Ipv4Addr;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::addresses::Block;
use super::held::{Held, Refusal, conflict, missing};
use super::process::{Process, listen};
use super::world::World;
use crate::engine::{
    Attached, Container, ContainerSpec, ContainerState, EngineErrorKind, NetworkPower, Volume,
};

/// The capacity of a pipe in bytes.
const PIPE: usize = 64 * 1024;

impl World {
    pub(super) fn create_container(&mut self, spec: &ContainerSpec) -> Result<String, Refusal> {
        let image = self.find_image(&spec.image);
        let mut labels = image
            .ok_or_else(|| missing("image", &spec.image))?
            .labels
            .clone();
        labels.extend(spec.labels.clone());
        let name = &spec.name;
        if let Some(held) = self.found(name) {
            let holder = &held.container.id;
            return Err(conflict(format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{holder}\"."
            )));
        }
        for mount in &spec.mounts {
            // Docker creates a missing volume and leaves an existing one unchanged.
            self.create_volume(&Volume {
                name: mount.volume.clone(),
                labels: mount.labels.clone(),
            });
        }
        self.specs.push(spec.clone());
        let id = self.id();
        let (near, far) = tokio::io::duplex(PIPE);
        self.containers.push(Held {
            container: Container {
                id: id.clone(),
                name: name.clone(),
                state: ContainerState::Created,
                exit_code: None,
                out_of_memory: false,
                image: spec.image.clone(),
                address: None,
                port: None,
                labels,
            },
            spec: spec.clone(),
            near: Some(near).filter(|_| spec.stdin),
            far: Some(far).filter(|_| spec.stdin),
            listeners: Vec::new(),
            log: Vec::new(),
            task: None,
        });
        Ok(id)
    }

    /// Starts a container and returns its main process, or nothing if it runs already.
    pub(super) fn start(&mut self, id: &str) -> Result<Option<Process>, Refusal> {
        let held = self.held(id)?;
        match held.container.state {
            ContainerState::Running => return Ok(None),
            ContainerState::Paused => {
                return Err(conflict(
                    "cannot start a paused container, try unpause instead".to_owned(),
                ));
            }
            _ => {}
        }
        let power = held.spec.power.clone();
        let (network, asked) = (held.spec.network.clone(), held.spec.address);
        let (name, publish) = (held.spec.name.clone(), held.spec.publish);
        if let Some(NetworkPower::Of(other)) = power
            && self.held(&other)?.container.state != ContainerState::Running
        {
            let why = format!("cannot join network of a non running container: {other}");
            return Err(conflict(why));
        }
        let address = match network {
            Some(network) => Some(self.address(&network, asked)?),
            None => None,
        };
        let port = publish.map(|_| self.port(&name));
        let held = self.held(id)?;
        held.container.state = ContainerState::Running;
        held.container.exit_code = None;
        held.container.address = address;
        held.container.port = port;
        let process = Process::new(
            held.container.id.clone(),
            held.spec.clone(),
            held.far.take(),
        );
        Ok(Some(process))
    }

    /// A container's address: the one it asks for, or else the lowest free one.
    fn address(&self, network: &str, asked: Option<Ipv4Addr>) -> Result<Ipv4Addr, Refusal> {
        let mut networks = self.networks.iter();
        let found = networks
            .find(|there| there.name == network)
            .ok_or_else(|| missing("network", network))?;
        let subnet = found.subnet.as_deref().and_then(Block::parse);
        let subnet = subnet.ok_or_else(|| missing("subnet of network", network))?;
        let taken = |address: &Ipv4Addr| {
            *address == subnet.gateway()
                || self
                    .on_network(network)
                    .any(|held| held.container.address == Some(*address))
        };
        let full = || {
            Refusal(
                EngineErrorKind::AddressesExhausted,
                "no available IPv4 addresses on this network's address pools".to_owned(),
            )
        };
        match asked.filter(|_| !self.chooses_addresses) {
            Some(asked) if taken(&asked) => Err(conflict("Address already in use".to_owned())),
            Some(asked) if !subnet.contains(asked) => Err(Refusal(
                EngineErrorKind::Other,
                format!("Requested address {asked} is not in subnet {subnet}"),
            )),
            Some(asked) => Ok(asked),
            None => subnet.hosts().find(|host| !taken(host)).ok_or_else(full),
        }
    }

    fn port(&mut self, name: &str) -> u16 {
        self.made += 1;
        let next = 49153 + u16::try_from(self.made % 16000).unwrap_or(0);
        self.ports.get(name).copied().unwrap_or(next)
    }

    pub(super) fn hold(&mut self, id: &str, task: AbortHandle) {
        if let Ok(held) = self.held(id) {
            held.task = Some(task);
        } else {
            task.abort();
        }
    }

    pub(super) fn exit(&mut self, id: &str, code: i64) {
        if let Ok(held) = self.held(id) {
            held.container.state = ContainerState::Exited;
            held.container.exit_code = Some(code);
            held.container.address = held.spec.address;
            held.container.port = None;
            held.stop();
        }
    }

    pub(super) fn pause(&mut self, id: &str) -> Result<(), Refusal> {
        let held = self.held(id)?;
        let name = &held.container.name;
        match held.container.state {
            ContainerState::Running => held.container.state = ContainerState::Paused,
            ContainerState::Paused => {
                return Err(conflict(format!("Container {name} is already paused")));
            }
            _ => return Err(conflict(format!("Container {name} is not running"))),
        }
        Ok(())
    }

    /// Every signal that `lab` sends ends PostgreSQL. Only the exit code depends on the signal.
    pub(super) fn signal(&mut self, id: &str, signal: &str) -> Result<(), Refusal> {
        let held = self.held(id)?;
        let name = &held.container.name;
        if held.container.state != ContainerState::Running {
            return Err(conflict(format!(
                "Cannot kill container: {name}: Container {name} is not running"
            )));
        }
        self.exit(id, if signal == "SIGKILL" { 137 } else { 0 });
        Ok(())
    }

    pub(super) fn unpause(&mut self, id: &str) -> Result<(), Refusal> {
        let held = self.held(id)?;
        if held.container.state != ContainerState::Paused {
            let name = &held.container.name;
            return Err(conflict(format!("Container {name} is not paused")));
        }
        held.container.state = ContainerState::Running;
        Ok(())
    }

    pub(super) fn remove_container(&mut self, id: &str) {
        let is = |held: &Held| held.container.id == id || held.container.name == id;
        for mut held in self.containers.extract_if(.., |held| is(held)) {
            held.stop();
        }
    }

    /// A container that can execute a program.
    pub(super) fn running(&self, id: &str) -> Result<Container, Refusal> {
        let held = self.found(id).ok_or_else(|| missing("container", id))?;
        let name = &held.container.name;
        match held.container.state {
            ContainerState::Running => Ok(held.container.clone()),
            ContainerState::Paused => Err(conflict(format!(
                "Container {name} is paused, unpause the container before exec"
            ))),
            _ => Err(conflict(format!("Container {name} is not running"))),
        }
    }

    pub(super) fn attach(&mut self, id: &str) -> Result<Attached, Refusal> {
        let held = self.held(id)?;
        if held.container.state == ContainerState::Paused {
            let name = &held.container.name;
            return Err(conflict(format!(
                "container {name} is paused, unpause the container before attach"
            )));
        }
        let (speak, heard) = mpsc::unbounded_channel();
        if held.container.state != ContainerState::Exited {
            held.listeners.push(speak);
        }
        let input = held.near.take();
        Ok(Attached {
            input: match input {
                Some(input) => Box::pin(input),
                None => Box::pin(tokio::io::sink()),
            },
            output: Box::pin(listen(heard).map(Ok)),
        })
    }

    pub(super) fn say(&mut self, id: &str, words: &[u8]) {
        if let Ok(held) = self.held(id) {
            held.log.extend_from_slice(words);
            held.listeners
                .retain(|listener| listener.send(words.to_vec()).is_ok());
        }
    }

    pub(super) fn logs(&self, id: &str, tail: Option<usize>) -> Result<String, Refusal> {
        let held = self.found(id).ok_or_else(|| missing("container", id))?;
        let log = String::from_utf8_lossy(&held.log).into_owned();
        let lines: Vec<&str> = log.split_inclusive('\n').collect();
        let from = tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        Ok(lines[from..].concat())
    }

    pub(super) fn read_file(&self, id: &str, path: &str) -> Result<Vec<u8>, Refusal> {
        let held = self.found(id).ok_or_else(|| missing("container", id))?;
        let name = &held.container.name;
        let file = self.files.get(&(name.clone(), path.to_owned()));
        file.cloned().ok_or_else(|| {
            let why = format!("Could not find the file {path} in container {name}");
            Refusal(EngineErrorKind::NotFound, why)
        })
    }
}
