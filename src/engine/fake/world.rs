//! The objects that the fake has, and Docker's rules about them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use futures_util::StreamExt;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::addresses::{Subnet, pools};
use super::process::{Process, listen};
use crate::engine::{
    Attached, Container, ContainerSpec, ContainerState, EngineErrorKind, Image, Labels, Network,
    NetworkSpec, Volume,
};

/// Why a call had no effect.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) EngineErrorKind, pub(super) String);

fn missing(what: &str, name: &str) -> Refusal {
    Refusal(EngineErrorKind::NotFound, format!("No such {what}: {name}"))
}

fn conflict(message: String) -> Refusal {
    Refusal(EngineErrorKind::Conflict, message)
}

#[derive(Default)]
pub(super) struct World {
    pub(super) images: Vec<Image>,
    pub(super) registry: Vec<Image>,
    pub(super) networks: Vec<Network>,
    pub(super) volumes: Vec<Volume>,
    pub(super) containers: Vec<Held>,
    /// Where on the host the containers of these names publish their port.
    pub(super) ports: BTreeMap<String, u16>,
    made: u64,
}

/// A container with what belongs to it.
pub(super) struct Held {
    pub(super) container: Container,
    spec: ContainerSpec,
    /// The near and the far end of its standard input, until somebody attaches and it starts.
    near: Option<DuplexStream>,
    far: Option<DuplexStream>,
    listeners: Vec<mpsc::UnboundedSender<Vec<u8>>>,
    log: Vec<u8>,
    task: Option<AbortHandle>,
}

/// As much as a pipe holds.
const PIPE: usize = 64 * 1024;

impl World {
    fn id(&mut self) -> String {
        self.made += 1;
        format!("{:064x}", 0x5d0d_a3dc_9764_u64 + self.made)
    }

    /// The name of a container or network that may be meant by its identity.
    pub(super) fn name_of(&self, given: &str) -> String {
        let container = self.found(given).map(|held| &held.container.name);
        let network = self.networks.iter().find(|network| network.id == given);
        let name = container.or(network.map(|network| &network.name));
        name.map_or_else(|| given.to_owned(), Clone::clone)
    }

    pub(super) fn objects(&self) -> Vec<String> {
        let containers = self.containers.iter().map(|held| &held.container.name);
        let networks = self.networks.iter().map(|network| &network.name);
        let volumes = self.volumes.iter().map(|volume| &volume.name);
        let mut objects: Vec<_> = containers
            .map(|name| format!("container {name}"))
            .chain(networks.map(|name| format!("network {name}")))
            .chain(volumes.map(|name| format!("volume {name}")))
            .collect();
        objects.sort();
        objects
    }

    pub(super) fn image(&mut self, reference: &str, bytes: u64) -> Image {
        Image {
            id: format!("sha256:{}", self.id()),
            tags: vec![reference.to_owned()],
            labels: Labels::new(),
            env: Vec::new(),
            volumes: Vec::new(),
            bytes,
        }
    }

    pub(super) fn find_image(&self, reference: &str) -> Option<&Image> {
        let is =
            |image: &&Image| image.id == reference || image.tags.iter().any(|tag| tag == reference);
        self.images.iter().find(is)
    }

    pub(super) fn pull(&mut self, reference: &str) -> Result<u64, Refusal> {
        let mut offered = self.registry.iter();
        let image = offered.find(|image| image.tags.iter().any(|tag| tag == reference));
        let image = image.cloned().ok_or_else(|| {
            Refusal(
                EngineErrorKind::Registry,
                format!("manifest for {reference} not found: manifest unknown"),
            )
        })?;
        let bytes = image.bytes;
        self.tag(image, reference);
        Ok(bytes)
    }

    pub(super) fn import(&mut self, reference: &str, changes: &[String], bytes: u64) {
        let mut image = self.image(reference, bytes);
        for change in changes {
            if let Some(env) = change.strip_prefix("ENV ") {
                image.env.push(env.to_owned());
            } else if let Some((key, value)) = change
                .strip_prefix("LABEL ")
                .and_then(|label| label.split_once('='))
            {
                let value = value.trim_matches('"').to_owned();
                image.labels.insert(key.to_owned(), value);
            }
        }
        self.tag(image, reference);
    }

    /// A tag moves to the newest image that gets it.
    fn tag(&mut self, image: Image, reference: &str) {
        for other in &mut self.images {
            other.tags.retain(|tag| tag != reference);
        }
        self.images.push(image);
    }

    pub(super) fn remove_image(&mut self, reference: &str) -> Result<(), Refusal> {
        let Some(image) = self.find_image(reference).cloned() else {
            return Ok(());
        };
        let in_use =
            |held: &&Held| held.spec.image == image.id || image.tags.contains(&held.spec.image);
        if let Some(held) = self.containers.iter().find(in_use) {
            let user = &held.container.name;
            return Err(conflict(format!(
                "unable to remove repository reference \"{reference}\": container {user} is using its referenced image"
            )));
        }
        self.images.retain(|other| other.id != image.id);
        Ok(())
    }

    pub(super) fn create_network(&mut self, spec: &NetworkSpec) -> Result<Network, Refusal> {
        let name = &spec.name;
        if self.networks.iter().any(|network| network.name == *name) {
            return Err(conflict(format!("network with name {name} already exists")));
        }
        let subnets = self.networks.iter().filter_map(|network| {
            let subnet = network.subnet.as_deref()?;
            Subnet::parse(subnet)
        });
        let taken: Vec<Subnet> = subnets.collect();
        let free = |subnet: &Subnet| !taken.iter().any(|taken| taken.overlaps(*subnet));
        let subnet = match &spec.subnet {
            Some(text) => {
                let subnet = Subnet::parse(text).ok_or_else(|| {
                    let message = format!("invalid subnet {text}");
                    Refusal(EngineErrorKind::Other, message)
                })?;
                let words = "Pool overlaps with other one on this address space";
                Some(subnet)
                    .filter(free)
                    .ok_or_else(|| Refusal(EngineErrorKind::AddressOverlap, words.to_owned()))?
            }
            None => pools().find(free).ok_or_else(|| {
                let words = "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network";
                Refusal(EngineErrorKind::AddressesExhausted, words.to_owned())
            })?,
        };
        let network = Network {
            id: self.id(),
            name: name.clone(),
            subnet: Some(subnet.to_string()),
            gateway: Some(subnet.gateway()),
            labels: spec.labels.clone(),
        };
        self.networks.push(network.clone());
        Ok(network)
    }

    pub(super) fn remove_network(&mut self, id: &str) -> Result<(), Refusal> {
        let is = |network: &Network| network.id == id || network.name == id;
        let Some(at) = self.networks.iter().position(is) else {
            return Ok(());
        };
        let network = &self.networks[at];
        if self.on_network(&network.name).next().is_some() {
            return Err(conflict(format!(
                "error while removing network: network {} id {} has active endpoints",
                network.name, network.id
            )));
        }
        self.networks.remove(at);
        Ok(())
    }

    /// The containers that run on a network.
    fn on_network(&self, name: &str) -> impl Iterator<Item = &Held> {
        self.containers
            .iter()
            .filter(move |held| held.spec.network.as_deref() == Some(name) && held.runs())
    }

    pub(super) fn create_volume(&mut self, volume: &Volume) -> Volume {
        let mut volumes = self.volumes.iter();
        if let Some(there) = volumes.find(|there| there.name == volume.name) {
            return there.clone();
        }
        self.volumes.push(volume.clone());
        volume.clone()
    }

    pub(super) fn remove_volume(&mut self, name: &str) -> Result<(), Refusal> {
        let in_use = |held: &&Held| held.spec.mounts.iter().any(|mount| mount.volume == name);
        if let Some(held) = self.containers.iter().find(in_use) {
            let user = &held.container.id;
            return Err(conflict(format!(
                "remove {name}: volume is in use - [{user}]"
            )));
        }
        self.volumes.retain(|volume| volume.name != name);
        Ok(())
    }

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
            // Docker makes a volume that is missing, and nobody's label is on it.
            self.create_volume(&Volume {
                name: mount.volume.clone(),
                labels: Labels::new(),
            });
        }
        let id = self.id();
        let (near, far) = tokio::io::duplex(PIPE);
        self.containers.push(Held {
            container: Container {
                id: id.clone(),
                name: name.clone(),
                state: ContainerState::Created,
                exit_code: None,
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

    pub(super) fn found(&self, id: &str) -> Option<&Held> {
        let is = |held: &&Held| held.container.id == id || held.container.name == id;
        self.containers.iter().find(is)
    }

    fn held(&mut self, id: &str) -> Result<&mut Held, Refusal> {
        let is = |held: &&mut Held| held.container.id == id || held.container.name == id;
        let mut all = self.containers.iter_mut();
        all.find(is).ok_or_else(|| missing("container", id))
    }

    /// Starts a container, and gives what its main process needs unless it runs already.
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
        let (network, asked) = (held.spec.network.clone(), held.spec.address);
        let (name, publish) = (held.spec.name.clone(), held.spec.publish);
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

    /// The address that a container gets: the one it asks for, or the lowest that no running container has.
    fn address(&self, network: &str, asked: Option<Ipv4Addr>) -> Result<Ipv4Addr, Refusal> {
        let mut networks = self.networks.iter();
        let found = networks
            .find(|there| there.name == network)
            .ok_or_else(|| missing("network", network))?;
        let subnet = found.subnet.as_deref().and_then(Subnet::parse);
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
        match asked {
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
            held.container.address = None;
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

    /// A container in which a program can be executed.
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
}

impl Held {
    fn runs(&self) -> bool {
        matches!(
            self.container.state,
            ContainerState::Running | ContainerState::Paused | ContainerState::Restarting
        )
    }

    /// Ends its process, and tells those who listen.
    fn stop(&mut self) {
        self.listeners.clear();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
