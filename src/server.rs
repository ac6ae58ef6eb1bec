//! PostgreSQL as values: configuration files that render themselves, argument lists, log positions, SQL; and the only
//! reader of servers.
//!
//! Owns the facts about PostgreSQL that do not depend on its container. Only [`client`] connects. Each subject of a query
//! is one file, with its SQL by version, its rows and its words. No other room names a catalog view or function about
//! replication.

pub mod activity;
pub mod blame;
pub mod catalog;
pub mod checkpoints;
pub mod client;
pub mod command;
pub mod conf;
pub mod conflicts;
pub mod conninfo;
pub mod counts;
pub mod entries;
pub mod hba;
pub mod hba_file;
pub mod history;
pub mod in_force;
pub mod log;
pub mod logical;
pub mod lsn;
pub mod position;
pub mod publications;
pub mod quiet;
pub mod refresh;
pub mod replication;
pub mod rows;
pub mod server_error;
pub mod slots;
pub mod state;
pub mod subscriptions;
pub mod tablespaces;
pub mod trouble;
pub mod unreplicated;
pub mod upstream;
pub mod version;

mod word;

/// The port that every server listens on, inside its container.
pub const PORT: u16 = 5432;

/// The superuser that `initdb` makes.
pub const SUPERUSER: &str = "postgres";

/// The database that exists in every cluster, for administrative connections (manual: "Managing Databases").
pub const MAINTENANCE_DATABASE: &str = "postgres";

#[cfg(test)]
mod tests;
