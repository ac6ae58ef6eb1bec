//! The running lab: bringing it up, finding it again, removing it.
//!
//! Owns the order of things that happen to containers and servers. Knows containers through [`crate::engine`] alone
//! and remembers nothing: [`Lab::find`] reads everything from labels.

pub mod cleanup;
pub mod console;
pub mod error;
pub mod faults;
pub mod labels;
pub mod monitor;
pub mod status;
pub mod subnet;
pub mod topology;
pub mod up;
pub mod verdict;

mod addresses;
pub(crate) mod archive;
mod backup;
mod claim;
mod clock;
pub mod deeds;
mod disk;
mod frame;
pub mod hindrance;
mod hosts;
mod look;
pub(crate) mod memory;
mod node;
pub mod owner;
pub mod passfile;
mod passwords;
pub mod populate;
mod preflight;
mod publications;
pub mod reasons;
mod replicate;
mod roles;
pub(crate) mod server_log;
mod service;
mod settings;
mod succession;
mod template;
#[cfg_attr(not(feature = "tls"), path = "lab/no_tls.rs")]
mod tls;
pub(crate) mod volume;

use tokio_postgres::error::SqlState;

use labels::Claim;
use passfile::Entry;

use crate::engine::{Container, ContainerState, Engine, Selector, Volume};
use crate::name::{LabName, NodeName, Secret};
use crate::plan::{Plan, PlannedNode, PlannedService};
use crate::server::client::{self, Door, Noticing, Reader, SearchPath, SqlError};
use crate::server::server_error::ServerError;

pub use error::LabError;
pub use service::url;

/// A lab that exists.
///
/// ```no_run
/// use replication_lab::{Engine, Lab};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let lab = Lab::find(Engine::connect().await?, &"physical-sync".parse()?).await?;
/// for (node, container) in lab.nodes() {
///     let port = container.and_then(|found| found.port);
///     println!("{} listens on 127.0.0.1, port {port:?}", node.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Lab {
    /// The engine that runs it.
    pub engine: Engine,
    /// Its claim on the name.
    pub claim: Claim,
    /// Its plan.
    pub plan: Plan,
    /// Its nodes' containers, in plan order; `None` for one that is gone.
    pub containers: Vec<Option<Container>>,
    /// Its services' containers, in the same way.
    pub service_containers: Vec<Option<Container>>,
    /// Whether its `up` has completed. If not, it is still running or was killed.
    pub is_complete: bool,
    /// How a program on this host gets into its servers.
    pub entry: Entry,
    /// The process that made it, `PID@HOST`, if it is known to live: a `lab run`, or a program that uses this crate.
    pub made_by: Option<String>,
}

impl Lab {
    /// Finds a lab by its labels.
    ///
    /// # Errors
    /// [`LabError::NotFound`], [`LabError::HalfMade`] when its plan is gone, or the engine's error.
    pub async fn find(engine: Engine, lab: &LabName) -> Result<Self, LabError> {
        let which = Selector::lab(lab);
        let (volumes, containers) =
            tokio::try_join!(engine.volumes(&which), engine.containers(&which))?;
        let claimed = volumes
            .iter()
            .find(|volume| volume.name == labels::lab_object(lab));
        let Some((plan, claim)) = claimed.and_then(|claimed| read(lab, claimed)) else {
            let running = running(&engine).await?;
            // A network may be all that is left.
            if !running.iter().any(|there| there == lab.as_str()) {
                return Err(LabError::NotFound {
                    lab: lab.to_string(),
                    running,
                });
            }
            return Err(LabError::HalfMade {
                lab: lab.clone(),
                missing: "its plan is gone".to_owned(),
            });
        };
        let is_ready = |volume: &Volume| {
            volume.name == labels::ready_object(lab) && claim.owns(&volume.labels)
        };
        let is_complete = volumes.iter().any(is_ready);
        let owner = claimed.and_then(|claimed| claimed.labels.get(labels::OWNER_LABEL));
        let living = owner.filter(|owner| owner::is_alive(owner));
        let made_by = living.map(|owner| owner::shown(owner));
        let of = |label: &str, name: &str| {
            let has = |found: &&Container| {
                let own = &found.labels;
                claim.owns(own) && own.get(label).is_some_and(|it| it == name)
            };
            containers.iter().find(has).cloned()
        };
        let nodes = plan.nodes.iter();
        let services = plan.services.iter();
        let entry = Entry::of(&plan, &claim);
        let lab = Self {
            containers: nodes
                .map(|node| of(labels::NODE_LABEL, node.name.as_str()))
                .collect(),
            service_containers: services
                .map(|service| of(labels::SERVICE_LABEL, service.name.as_str()))
                .collect(),
            engine,
            claim,
            plan,
            is_complete,
            entry,
            made_by,
        };
        lab.write_ports();
        Ok(lab)
    }

    /// The planned nodes, each with its container.
    pub fn nodes(&self) -> impl Iterator<Item = (&PlannedNode, Option<&Container>)> {
        self.plan
            .nodes
            .iter()
            .zip(self.containers.iter().map(Option::as_ref))
    }

    /// Whether a node starts later, and has not been started or was stopped in good order since.
    #[must_use]
    pub fn is_to_come(&self, node: &PlannedNode) -> bool {
        let container = self.container(node.name.as_str()).ok();
        node.later && container.is_some_and(|found| found.exit_code == Some(0))
    }

    /// The planned services, each with its container.
    pub fn services(&self) -> impl Iterator<Item = (&PlannedService, Option<&Container>)> {
        let containers = self.service_containers.iter().map(Option::as_ref);
        self.plan.services.iter().zip(containers)
    }

    /// The container of a node or a service.
    ///
    /// # Errors
    /// [`LabError::NoNode`] or [`LabError::HalfMade`] when it is gone.
    pub fn container(&self, name: &str) -> Result<&Container, LabError> {
        let nodes = self
            .nodes()
            .map(|(node, container)| (node.name.as_str(), container));
        let services = self
            .services()
            .map(|(service, container)| (service.name.as_str(), container));
        let hosts: Vec<_> = nodes.chain(services).collect();
        let host = hosts.iter().find(|(host, _)| *host == name);
        let (_, container) = host.ok_or_else(|| LabError::NoNode {
            lab: self.plan.lab.clone(),
            node: name.to_owned(),
            nodes: hosts.iter().map(|(host, _)| (*host).to_owned()).collect(),
        })?;
        container.ok_or_else(|| LabError::HalfMade {
            lab: self.plan.lab.clone(),
            missing: format!("the container of `{name}` is gone"),
        })
    }

    /// Whether every container runs, except those of nodes that are still to come.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let runs = |container: Option<&Container>| {
            container.is_some_and(|found| found.state == ContainerState::Running)
        };
        let nodes = |(node, container): (&PlannedNode, _)| runs(container) || self.is_to_come(node);
        self.nodes().all(nodes) && self.services().all(|(_, container)| runs(container))
    }

    /// Connects to a node's server as the superuser, with the settings that its users have.
    ///
    /// # Errors
    /// When its port is not published (it does not run, or has no network), or the server's error.
    pub async fn connect(&self, node: &NodeName, database: &str) -> Result<Noticing, LabError> {
        let connected = client::connect(self.door(node)?, database).await;
        connected.map_err(|error| self.refused(node, error))
    }

    /// Connects to a node's server as the superuser for reading. The settings of its users do not apply.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn reader(
        &self,
        node: &NodeName,
        database: &str,
        path: SearchPath,
    ) -> Result<Reader, LabError> {
        let connected = Reader::connect(self.door(node)?, database, path).await;
        connected.map_err(|error| self.refused(node, error))
    }

    /// The password of the superuser, if the servers ask this host for one.
    ///
    /// # Errors
    /// [`LabError::NoPassword`] when its file cannot be read.
    pub fn password(&self) -> Result<Option<&Secret>, LabError> {
        match &self.entry {
            Entry::Trusted => Ok(None),
            Entry::Password(secret) => Ok(Some(secret)),
            Entry::Lost(why) => Err(LabError::NoPassword {
                lab: self.plan.lab.clone(),
                source: why.clone(),
            }),
        }
    }

    /// A connection that failed. A password that the server does not take has its own hint.
    fn refused(&self, node: &NodeName, error: ServerError) -> LabError {
        let is_refused = error.code() == Some(&SqlState::INVALID_PASSWORD);
        match self.passfile().filter(|_| is_refused) {
            Some(file) => LabError::NoPassword {
                lab: self.plan.lab.clone(),
                source: passfile::PassfileError::Changed {
                    node: node.to_string(),
                    file,
                },
            },
            None => LabError::Sql(SqlError {
                act: format!("connecting to `{node}`"),
                source: error,
            }),
        }
    }

    fn door(&self, node: &NodeName) -> Result<Door<'_>, LabError> {
        let (port, password) = (self.port(node)?, self.password()?);
        Ok(Door {
            password,
            ..Door::trusted(HOST, port)
        })
    }

    /// The port on this host at which a node's server listens.
    fn port(&self, node: &NodeName) -> Result<u16, LabError> {
        let container = self.container(node.as_str())?;
        container.port.ok_or_else(|| LabError::HalfMade {
            lab: self.plan.lab.clone(),
            missing: match container.state {
                ContainerState::Running => {
                    format!("`{node}` runs without a port on the host: it has no network")
                }
                _ => match container.why_ended() {
                    Some(why) => format!("`{node}` does not run: {why}"),
                    None => format!("`{node}` does not run"),
                },
            },
        })
    }
}

/// The plan and the claim that the volume of a claim holds.
fn read(lab: &LabName, claimed: &Volume) -> Option<(Plan, Claim)> {
    let word = labels::word(&claimed.labels).cloned().unwrap_or_default();
    let lab = lab.clone();
    Some((labels::plan(&claimed.labels)?, Claim { lab, word }))
}

/// The host that ports are published on.
pub const HOST: &str = "127.0.0.1";

/// The sorted names of the labs of which any object exists.
///
/// # Errors
/// The engine's error.
pub async fn running(engine: &Engine) -> Result<Vec<String>, LabError> {
    let which = Selector::any_lab();
    let (volumes, containers, networks) = tokio::try_join!(
        engine.volumes(&which),
        engine.containers(&which),
        engine.networks(Some(&which))
    )?;
    let labels = volumes
        .iter()
        .map(|volume| &volume.labels)
        .chain(containers.iter().map(|found| &found.labels))
        .chain(networks.iter().map(|network| &network.labels));
    let mut names: Vec<String> = labels
        .filter_map(|labels| labels.get(crate::engine::LAB_LABEL).cloned())
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}
