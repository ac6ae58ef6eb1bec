//! The objects of the fake, and Docker's rules about images, networks and volumes.

use std::collections::BTreeMap;

use super::addresses::{Block, pools};
use super::held::{Held, Refusal, conflict, missing};
use crate::engine::{
    ContainerSpec, Endpoint, EngineErrorKind, Image, Labels, Network, NetworkSpec, Volume,
};

#[derive(Default)]
pub(super) struct World {
    pub(super) images: Vec<Image>,
    pub(super) registry: Vec<Image>,
    pub(super) networks: Vec<Network>,
    pub(super) volumes: Vec<Volume>,
    pub(super) containers: Vec<Held>,
    /// The specification of every container ever created.
    pub(super) specs: Vec<ContainerSpec>,
    /// Host ports by container name.
    pub(super) ports: BTreeMap<String, u16>,
    /// Files by container name and path.
    pub(super) files: BTreeMap<(String, String), Vec<u8>>,
    /// Endpoints without a container, each with the name of its network.
    pub(super) lost: Vec<(String, String)>,
    pub(super) made: u64,
    /// Whether containers get other addresses than they ask for.
    pub(super) chooses_addresses: bool,
}

impl World {
    pub(super) fn id(&mut self) -> String {
        self.made += 1;
        format!("{:064x}", 0x5d0d_a3dc_9764_u64 + self.made)
    }

    /// The name of a container or network given by its name or id.
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

    /// Adds an image. It takes the tag from any other image.
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
            Block::parse(subnet)
        });
        let taken: Vec<Block> = subnets.collect();
        let free = |subnet: &Block| !taken.iter().any(|taken| taken.overlaps(*subnet));
        let subnet = match &spec.subnet {
            Some(text) => {
                let subnet = Block::parse(text).ok_or_else(|| {
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
        if !self.endpoints(id).is_empty() {
            return Err(conflict(format!(
                "error while removing network: network {} id {} has active endpoints",
                network.name, network.id
            )));
        }
        self.networks.remove(at);
        Ok(())
    }

    /// The containers on a network, given by its id or name, and the endpoints whose container is gone.
    pub(super) fn endpoints(&self, id: &str) -> Vec<Endpoint> {
        let is = |network: &&Network| network.id == id || network.name == id;
        let Some(network) = self.networks.iter().find(is) else {
            return Vec::new();
        };
        let held = self.on_network(&network.name).map(|held| Endpoint {
            name: held.container.name.clone(),
            container: held.container.id.clone(),
        });
        let lost = self.lost.iter().filter(|(on, _)| *on == network.name);
        let lost = lost.map(|(_, name)| Endpoint {
            name: name.clone(),
            container: format!("ep-{name}"),
        });
        held.chain(lost).collect()
    }

    pub(super) fn disconnect(&mut self, id: &str, endpoint: &str) {
        let network = self.name_of(id);
        self.lost
            .retain(|(on, name)| *on != network || name != endpoint);
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

    pub(super) fn found(&self, id: &str) -> Option<&Held> {
        let is = |held: &&Held| held.container.id == id || held.container.name == id;
        self.containers.iter().find(is)
    }

    pub(super) fn held(&mut self, id: &str) -> Result<&mut Held, Refusal> {
        let is = |held: &&mut Held| held.container.id == id || held.container.name == id;
        let mut all = self.containers.iter_mut();
        all.find(is).ok_or_else(|| missing("container", id))
    }

    /// The running containers of a network.
    pub(super) fn on_network(&self, name: &str) -> impl Iterator<Item = &Held> {
        self.containers
            .iter()
            .filter(move |held| held.spec.network.as_deref() == Some(name) && held.runs())
    }
}
