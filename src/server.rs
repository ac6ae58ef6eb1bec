//! PostgreSQL as values: configuration files that render themselves, argument lists, log positions, SQL.
//!
//! Owns what is true of PostgreSQL whatever container it runs in. [`client`] is the only place that connects.

pub mod catalog;
pub mod client;
pub mod command;
pub mod conf;
pub mod hba;
pub mod log;
pub mod logical;
pub mod lsn;
pub mod server_error;
pub mod trouble;

/// The port that every server listens on, inside its container.
pub const PORT: u16 = 5432;

/// The superuser that `initdb` makes.
pub const SUPERUSER: &str = "postgres";

/// The database that exists in every cluster and that administrative connections open (manual, 23.1).
pub const MAINTENANCE_DATABASE: &str = "postgres";
