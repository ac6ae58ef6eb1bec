//! The plan: a scenario with all defaults filled in and all references resolved. The content of every file is known
//! except for addresses.
//!
//! Owns what will be made, and the order. Never touches the outside world: the same scenario always gives the same
//! plan. A scenario that passed [`crate::scenario::check`] always has a plan.

mod difference;
mod limits;
pub mod logical;
mod node;
pub mod order;
pub mod passwords;
pub mod secrets;
pub mod services;
pub mod settings;
mod steps;
pub mod sync;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::action::{Span, Step};
use crate::name::{
    ApplicationName, DatabaseName, DatasetName, LabName, NodeName, Secret, SlotName, UserName,
};
use crate::scenario::{AuthMethod, HostAuth, PostgresVersion, Scenario, SqlFiles};
use crate::server::conf::{self, Setting};
use crate::server::hba::{self, HbaRule};
use crate::server::replication::SyncState;
use crate::sql::SqlFile;
use crate::sql::tables::LoggedTable;

pub use limits::PlannedLimits;
pub use logical::{PlannedPublication, PlannedSubscription};
pub use services::{PlannedService, ServiceImage};

/// A lab to make.
///
/// ```
/// use replication_lab::Plan;
/// use replication_lab::scenario::catalog;
/// use replication_lab::scenario::load::{Overrides, load};
///
/// let loaded = load(&catalog::open("physical-sync")?, &Overrides::default())?;
/// let plan = Plan::resolve(&loaded.scenario, &loaded.sql, Some(&"mine".parse()?));
/// assert_eq!(plan.lab.as_str(), "mine");
/// assert_eq!(plan.standbys().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The lab's name.
    pub lab: LabName,
    /// The scenario that it was made from.
    pub scenario: LabName,
    /// The scenario's title.
    pub title: String,
    /// The database of the datasets and the connections.
    pub database: DatabaseName,
    /// The replication user's authentication.
    pub auth: AuthMethod,
    /// The authentication of connections from the host.
    #[serde(default, skip_serializing_if = "HostAuth::is_trust")]
    pub host_auth: HostAuth,
    /// Whether nodes connect to each other with TLS.
    #[serde(default)]
    pub tls: bool,
    /// Whether WAL is archived.
    #[serde(default)]
    pub archive: bool,
    /// The role that standbys connect as.
    pub replication_user: PlannedUser,
    /// The nodes, each after its upstream.
    pub nodes: Vec<PlannedNode>,
    /// The kernel features that the steps need.
    #[serde(default)]
    pub requires: Vec<crate::action::Feature>,
    /// The steps once the lab is up. A step for one node or one database names it.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The time limit of the steps, and of the teardown.
    #[serde(default = "crate::scenario::default_limit")]
    pub limit: Span,
    /// The steps at the end, which run even after a failure.
    #[serde(default)]
    pub teardown: Vec<Step>,
    /// The subnet of the lab's network in CIDR notation. A free one is chosen without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<String>,
    /// The services.
    #[serde(default)]
    pub services: Vec<PlannedService>,
}

/// The replication user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedUser {
    /// The role's name.
    pub name: UserName,
    /// Its password; `***` in a plan that was read back from a running lab.
    pub password: Secret,
    /// Its `CONNECTION LIMIT`; -1 is none (manual: `CREATE ROLE`).
    pub connection_limit: i64,
}

/// A server to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedNode {
    /// Its name.
    pub name: NodeName,
    /// The PostgreSQL that it runs.
    pub postgres: PostgresVersion,
    /// Its role.
    pub role: Role,
    /// The node whose base backup it begins with, if it is a primary that does not begin empty.
    pub restored_from: Option<NodeName>,
    /// Every line of its `postgresql.conf`.
    pub settings: Vec<Setting>,
    /// Every line of its `pg_hba.conf`.
    pub hba: Vec<HbaRule>,
    /// The physical slots that its direct standbys stream through.
    pub slots: Vec<SlotName>,
    /// Its datasets, in order.
    pub data: Vec<PlannedDataset>,
    /// Its publications.
    pub publications: Vec<PlannedPublication>,
    /// Its subscriptions.
    pub subscriptions: Vec<PlannedSubscription>,
    /// The size of its data disk in bytes, if it is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<u64>,
    /// What it may take of the machine.
    #[serde(default)]
    pub limits: PlannedLimits,
    /// Its port on 127.0.0.1. Docker chooses one without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether a later `start` starts it, and not the lab.
    #[serde(default, skip_serializing_if = "is_false")]
    pub later: bool,
    /// Number of base backups that may be taken from it at once without running out of connections.
    pub backups_at_once: usize,
}

/// The role of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It replays another node's WAL.
    Standby(Standby),
}

impl Role {
    /// The role as one word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby(_) => "standby",
        }
    }
}

/// How a standby replicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standby {
    /// The node it streams from.
    pub upstream: NodeName,
    /// Its `application_name`.
    pub application_name: ApplicationName,
    /// The slot it streams through.
    pub slot: Option<SlotName>,
    /// `recovery_min_apply_delay`.
    pub apply_delay: Duration,
    /// Whether it answers queries.
    pub hot: bool,
    /// The states that `pg_stat_replication.sync_state` may show for it; the first is the one expected.
    pub sync_states: Vec<SyncState>,
}

/// A dataset to load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedDataset {
    /// Its name.
    pub name: DatasetName,
    /// Rows of its largest table, if the scenario sets them.
    pub rows: Option<u64>,
    /// Its seed, if the scenario sets it.
    pub seed: Option<u32>,
    /// The names of the user's own SQL files that create the tables, if they are separate.
    pub schema: Vec<PathBuf>,
    /// The names of the user's own SQL files.
    pub files: Vec<PathBuf>,
    /// Whether only its tables are loaded, because replication brings the rows.
    pub tables_only: bool,
    /// The tables that it creates, as far as its text says, and whose rows are in the WAL.
    #[serde(default)]
    pub tables: Vec<LoggedTable>,
    /// The content of these files; empty in a plan that was read back from a running lab.
    #[serde(skip)]
    pub sql: Vec<SqlFile>,
    /// The content of the files that create the tables, in the same way.
    #[serde(skip)]
    pub schema_sql: Vec<SqlFile>,
}

/// One file of a node, as `lab plan` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    /// Its name in the data directory, or its path.
    pub path: String,
    /// Its content, with placeholders for addresses.
    pub content: String,
}

impl Plan {
    /// Resolves a scenario that passed its checks. `sql` is the content of its datasets' own files. `name` is the lab's
    /// name; default: the scenario's.
    #[must_use]
    pub fn resolve(scenario: &Scenario, sql: &SqlFiles, name: Option<&LabName>) -> Self {
        let nodes: Vec<PlannedNode> = order::upstreams_first(&scenario.nodes)
            .into_iter()
            .map(|(name, node)| node::planned_node(scenario, sql, name, node))
            .collect();
        let first = nodes.first().map(|node| &node.name);
        let steps = |written| steps::resolve(written, first, &scenario.database);
        let user = &scenario.replication_user;
        Self {
            lab: name.unwrap_or(&scenario.name).clone(),
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            database: scenario.database.clone(),
            auth: scenario.auth,
            host_auth: scenario.host_auth,
            tls: scenario.tls,
            archive: scenario.archive,
            replication_user: PlannedUser {
                name: user.name.clone(),
                password: user.password.clone(),
                connection_limit: user.connection_limit.map_or(-1, i64::from),
            },
            requires: scenario.requires.clone(),
            steps: steps(&scenario.steps),
            limit: scenario.limit,
            teardown: steps(&scenario.teardown),
            nodes,
            subnet: scenario.network.subnet.map(|subnet| subnet.to_string()),
            services: services::of(scenario),
        }
    }

    /// Whether the nodes share a volume: for the archive, or for base backups that steps keep.
    #[must_use]
    pub fn keeps_backups(&self) -> bool {
        self.archive || steps::keep_backups(&self.steps) || steps::keep_backups(&self.teardown)
    }

    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &NodeName) -> Option<&PlannedNode> {
        self.nodes.iter().find(|node| node.name == *name)
    }

    /// The standbys that stream from `upstream`, in plan order.
    pub fn standbys_of(
        &self,
        upstream: &NodeName,
    ) -> impl Iterator<Item = (&PlannedNode, &Standby)> {
        let upstream = upstream.clone();
        self.standbys()
            .filter(move |(_, standby)| standby.upstream == upstream)
    }

    /// The standbys that begin with the same base backup as `standby`, including itself, in plan order. They have the
    /// same upstream and the same PostgreSQL, and start with the lab.
    #[must_use]
    pub fn same_backup(&self, standby: &NodeName) -> Vec<&NodeName> {
        let key = |node: &'_ PlannedNode| match &node.role {
            Role::Standby(standby) if !node.later => {
                Some((standby.upstream.clone(), node.postgres.clone()))
            }
            _ => None,
        };
        let own = self.node(standby).and_then(key);
        self.standbys()
            .filter(|(node, _)| own.is_some() && key(node) == own)
            .map(|(node, _)| &node.name)
            .collect()
    }

    /// Every standby with its node, in plan order.
    pub fn standbys(&self) -> impl Iterator<Item = (&PlannedNode, &Standby)> {
        self.nodes.iter().filter_map(|node| match &node.role {
            Role::Standby(standby) => Some((node, standby)),
            Role::Primary => None,
        })
    }

    /// Every dataset of the lab once, in plan order.
    #[must_use]
    pub fn datasets(&self) -> Vec<&DatasetName> {
        let mut names: Vec<&DatasetName> = Vec::new();
        for data in self.nodes.iter().flat_map(|node| &node.data) {
            if !names.contains(&&data.name) {
                names.push(&data.name);
            }
        }
        names
    }

    /// Every subscription with its node, in plan order.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&PlannedNode, &PlannedSubscription)> {
        self.nodes.iter().flat_map(|node| {
            let subscriptions = node.subscriptions.iter();
            subscriptions.map(move |subscription| (node, subscription))
        })
    }

    /// The subscriptions whose publisher subscribes to their node in turn.
    #[must_use]
    pub fn mutual_subscriptions(&self) -> Vec<(&PlannedNode, &PlannedSubscription)> {
        let back = |node: &PlannedNode, publisher: &NodeName| {
            self.subscriptions().any(|(other, subscription)| {
                other.name == *publisher && *self.primary_of(&subscription.upstream) == node.name
            })
        };
        self.subscriptions()
            .filter(|(node, subscription)| back(node, self.primary_of(&subscription.upstream)))
            .collect()
    }

    /// The primaries, in plan order.
    pub fn primaries(&self) -> impl Iterator<Item = &PlannedNode> {
        self.nodes.iter().filter(|node| node.role == Role::Primary)
    }

    /// The primary at the top of a node's chain of upstreams; the node itself if it is a primary.
    #[must_use]
    pub fn primary_of<'a>(&'a self, node: &'a NodeName) -> &'a NodeName {
        let mut at = node;
        // A scenario has no loops. Servers that were changed by hand may have one.
        for _ in &self.nodes {
            match self.node(at).map(|found| &found.role) {
                Some(Role::Standby(standby)) => at = &standby.upstream,
                _ => break,
            }
        }
        at
    }
}

impl PlannedNode {
    /// The node's files with placeholders for addresses, and without the password.
    #[must_use]
    pub fn files(&self) -> Vec<PlannedFile> {
        let mut files = vec![
            PlannedFile {
                path: "postgresql.conf".to_owned(),
                content: conf::render(self.name.as_str(), &self.settings),
            },
            PlannedFile {
                path: "pg_hba.conf".to_owned(),
                content: hba::outline(&self.name, &self.hba),
            },
        ];
        if let Role::Standby(_) = self.role {
            files.push(PlannedFile {
                path: "standby.signal".to_owned(),
                content: String::new(),
            });
        }
        files
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
