//! Arguments that several verbs share.

use std::time::Duration;

use super::secrets;
use anyhow::Result;
use clap::{Args, ValueEnum};
use replication_lab::engine::Engine;
use replication_lab::lab::Lab;
use replication_lab::lab::passfile::Entry;
use replication_lab::lab::topology::Topology;
use replication_lab::name::LabName;
use replication_lab::plan::Plan;
use replication_lab::scenario::catalog::{self, OpenError};
use replication_lab::scenario::load::{Loaded, Overrides, Setting, load};
use replication_lab::scenario::{HostAuth, PostgresVersion};
use replication_lab::units::{self, TimeUnit, UnitError};

use super::failure::Misuse;
use super::output::say;

/// A scenario and its overrides.
#[derive(Debug, Args)]
pub(crate) struct ScenarioArguments {
    /// A lab of the catalogue (see `lab list`), the path of a scenario file, or `-` for standard input.
    #[arg(value_name = "LAB", value_hint = clap::ValueHint::FilePath)]
    pub(crate) lab: String,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

/// Overrides of values in a scenario.
#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// Override a value of the scenario: `nodes.replica.conf.hot_standby_feedback=on`. Repeatable.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<Setting>,
    /// The PostgreSQL major version of every node.
    #[arg(long, value_name = "VERSION", env = "LAB_POSTGRES")]
    pub(crate) postgres: Option<PostgresVersion>,
    /// The image of every node: `postgres:17.2`.
    #[arg(long, value_name = "IMAGE", conflicts_with = "postgres")]
    pub(crate) image: Option<String>,
    /// How a program on this host gets into the servers, whatever the scenario says.
    #[arg(long, value_name = "METHOD", env = "LAB_HOST_AUTH", value_enum)]
    pub(crate) host_auth: Option<Ask>,
    /// Read SQL files that the scenario names outside its folder.
    #[arg(long)]
    pub(crate) allow_outside: bool,
}

/// The authentication of connections from the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ask {
    /// Every local user is superuser, without a password.
    Trust,
    /// With a random password, in a file that only you can read. `lab env` names the file.
    Password,
}

impl From<Ask> for HostAuth {
    fn from(ask: Ask) -> Self {
        match ask {
            Ask::Trust => Self::Trust,
            Ask::Password => Self::Password,
        }
    }
}

impl Changes {
    /// Whether nothing is overridden.
    fn are_none(&self) -> bool {
        self.set.is_empty()
            && self.postgres.is_none()
            && self.image.is_none()
            && self.host_auth.is_none()
            && !self.allow_outside
    }

    /// Loads and checks a scenario.
    pub(crate) fn load(&self, lab: &str) -> Result<Loaded> {
        let image = self.image.clone().map(PostgresVersion::Image);
        let overrides = Overrides {
            set: self.set.clone(),
            host_auth: self.host_auth.map(HostAuth::from),
            postgres: image.or_else(|| self.postgres.clone()),
            allow_outside: self.allow_outside,
        };
        Ok(load(&catalog::open(lab)?, &overrides)?)
    }
}

impl ScenarioArguments {
    /// Loads, checks and resolves it.
    pub(crate) fn plan(&self, name: Option<&LabName>) -> Result<(Loaded, Plan)> {
        let loaded = self.changes.load(&self.lab)?;
        let plan = Plan::resolve(&loaded.scenario, &loaded.sql, name);
        secrets::keep(&plan, &[&loaded.scenario.about]);
        Ok((loaded, plan))
    }
}

impl ScenarioArguments {
    /// The plan of a scenario, with the scenario's description, or else that of a lab that exists and has this name. What
    /// exists cannot be overridden.
    pub(crate) async fn plan_or_existing(
        &self,
        name: Option<&LabName>,
    ) -> Result<(Option<String>, Plan)> {
        let error = match self.plan(name) {
            Ok((loaded, plan)) => return Ok((Some(loaded.scenario.about), plan)),
            Err(error) => error,
        };
        let is_name = matches!(error.downcast_ref(), Some(OpenError::NoSuchLab { .. }));
        let lab = match LabName::new(self.lab.clone()) {
            Ok(name) if is_name => (LabArgument { name }).find().await,
            _ => return Err(error),
        };
        match lab {
            Err(_) => Err(error),
            Ok(lab) if self.changes.are_none() && name.is_none() => Ok((None, lab.plan)),
            Ok(lab) => Err(Misuse {
                message: format!("the lab `{}` exists: nothing of it can be overridden", self.lab),
                hint: Some(format!(
                    "name its scenario `{}`, or leave out the overrides: LAB_POSTGRES and LAB_HOST_AUTH are some, too",
                    lab.plan.scenario
                )),
            }
            .into()),
        }
    }
}

/// A lab that exists.
#[derive(Debug, Args)]
pub(crate) struct LabArgument {
    /// The lab's name. Default: the only lab that exists.
    #[arg(value_name = "NAME")]
    pub(crate) name: LabName,
}

impl LabArgument {
    pub(crate) async fn find(&self) -> Result<Lab> {
        find(Engine::connect().await?, &self.name).await
    }

    /// Finds the lab for a verb that connects to its servers.
    pub(crate) async fn enter(&self) -> Result<Lab> {
        let lab = self.find().await?;
        lab.password()?;
        Ok(lab)
    }
}

/// Finds a lab. From now on nothing that is printed has its passwords. Hence an error if they are there and cannot be read.
pub(crate) async fn find(engine: Engine, name: &LabName) -> Result<Lab> {
    let lab = Lab::find(engine, name).await?;
    if let Entry::Password(password) = &lab.entry {
        secrets::keep_value(password.expose());
    }
    if lab.plan.lacks_passwords() {
        match lab.known_plan().await? {
            Some(plan) => secrets::keep(&plan, &[]),
            None if lab.is_complete => say(&format!(
                "the passwords of `{name}` are gone with its containers, so they cannot be masked"
            )),
            None => {}
        }
    }
    Ok(lab)
}

/// The given node. Default: the current primary.
pub(crate) async fn node_or_primary(lab: &Lab, node: Option<&str>) -> Result<String> {
    match node {
        Some(node) => named(lab, node),
        None => current_primary(lab, &lab.topology().await),
    }
}

/// The node or service of that name.
pub(crate) fn named(lab: &Lab, node: &str) -> Result<String> {
    lab.container(node)?;
    Ok(node.to_owned())
}

/// The node that a person means by the lab's primary. It may not answer.
pub(crate) fn current_primary(lab: &Lab, topology: &Topology) -> Result<String> {
    let planned = lab.plan.nodes.first().map(|node| node.name.to_string());
    match topology.leaders().as_slice() {
        // Without an answer it may be frozen or stopped, and what is done with it next says so.
        [] => Ok(planned.unwrap_or_default()),
        [primary] => {
            let primary = primary.to_string();
            if planned.as_ref() != Some(&primary) {
                say(&format!(
                    "the primary is `{primary}` now (planned: `{}`)",
                    planned.unwrap_or_default()
                ));
            }
            Ok(primary)
        }
        several => {
            let names: Vec<String> = several.iter().map(|node| format!("`{node}`")).collect();
            Err(Misuse {
                message: format!("{} are primaries, each for itself", names.join(" and ")),
                hint: Some(format!(
                    "name the node; `lab status {}` says how they become one again",
                    lab.plan.lab
                )),
            }
            .into())
        }
    }
}

/// Parses a duration: `30s`, `2min`.
pub(crate) fn duration(given: &str) -> Result<Duration, UnitError> {
    units::duration(given, TimeUnit::Seconds)
}
