//! What the engine is asked for: networks, containers with their mounts and ports, and selections of objects.

use std::net::Ipv4Addr;

use super::object::Labels;

/// The label on every object that `lab` creates. Its value is the lab's name.
pub const LAB_LABEL: &str = "dev.replication-lab.lab";

/// A network to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSpec {
    /// `lab-NAME.WORD`.
    pub name: String,
    /// The subnet in CIDR notation. Default: the engine's choice.
    pub subnet: Option<String>,
    /// The network's labels.
    pub labels: Labels,
}

/// A volume mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// The path in the container.
    pub target: String,
    /// Whether the container may only read it.
    pub read_only: bool,
    /// The labels that the volume gets if this mount creates it.
    pub labels: Labels,
}

/// A container's TCP port, published on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// The port in the container.
    pub port: u16,
    /// The port on the host. Default: the engine's choice.
    pub host_port: Option<u16>,
}

impl Publish {
    /// Publishes at a host port of the engine's choice.
    #[must_use]
    pub fn anywhere(port: u16) -> Self {
        Self {
            port,
            host_port: None,
        }
    }
}

/// The right to change a network (`NET_ADMIN`). It is the only capability that a container can have, and no node has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkPower {
    /// Over a network namespace of its own, which no other container shares.
    Own,
    /// Over the network namespace of a running container, given by its id. It ends when that container stops.
    Of(String),
}

/// What a container may take of the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Its memory in bytes. Default: no limit.
    pub memory: Option<u64>,
    /// Its processors, also in part. Default: all.
    pub cpus: Option<f64>,
    /// The most processes at once.
    pub pids: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: None,
            cpus: None,
            // A server has one for each connection, and a run-away program must not fill the host.
            pids: 8192,
        }
    }
}

/// A container to create. It runs with `no-new-privileges` and without capabilities, except what `power` grants.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerSpec {
    /// `lab-NAME-NODE`.
    pub name: String,
    /// The name by which other containers of the network find it.
    pub hostname: String,
    /// The image's id or name.
    pub image: String,
    /// The user inside the container.
    pub user: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// `KEY=VALUE` pairs. They must not contain secrets: `docker inspect` shows them.
    pub env: Vec<String>,
    /// The network's name.
    pub network: Option<String>,
    /// The address in that network. Default: the engine's choice.
    pub address: Option<Ipv4Addr>,
    /// The TCP port to publish on 127.0.0.1.
    pub publish: Option<Publish>,
    /// The volumes that it uses.
    pub mounts: Vec<Mount>,
    /// What it may take of the machine.
    pub limits: Limits,
    /// Size of `/dev/shm` in bytes.
    pub shm_bytes: u64,
    /// The container's labels.
    pub labels: Labels,
    /// Whether standard input is open until the first attached client leaves.
    pub stdin: bool,
    /// The network that the container may change.
    pub power: Option<NetworkPower>,
}

/// Selects objects by label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Objects with this label, whatever its value.
    Label(String),
    /// Objects with this label and value.
    LabelValue(String, String),
}

impl Selector {
    /// The objects of every lab.
    #[must_use]
    pub fn any_lab() -> Self {
        Self::Label(LAB_LABEL.to_owned())
    }

    /// The objects of one lab.
    #[must_use]
    pub fn lab(name: &crate::name::LabName) -> Self {
        Self::LabelValue(LAB_LABEL.to_owned(), name.to_string())
    }

    /// Whether an object with these labels is selected.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::Label(key) => labels.contains_key(key),
            Self::LabelValue(key, value) => labels.get(key) == Some(value),
        }
    }
}
