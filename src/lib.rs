//! Real PostgreSQL replication topologies on Docker, from one YAML file, proven to replicate.
//!
//! `docs/library.md` has the library in a screen; that example is compiled with this crate's tests.
//!
//! # What flows where
//!
//! ```text
//! scenario.yaml ─load→ Scenario ─resolve→ Plan │ ─up→ assign, create, configure, start, populate, back up, stream
//!                      (as written)  (complete)│      → Lab ─verify→ Verdict → table │ JSON │ JUnit
//!                                              │      Events → progress bars │ plain lines │ nothing
//! ```
//!
//! Nothing left of the bar touches the outside world: [`scenario`] and [`plan`] are pure and take microseconds. Right of
//! it, [`lab`] owns the order of things, [`engine`] is what it needs of Docker and [`server`] what it needs of PostgreSQL.
//!
//! `ARCHITECTURE.md` describes every module, the order in which they may use each other, and why. A test reads it.
//!
//! # What is remembered
//!
//! Nothing is remembered outside Docker. A lab is found by the labels of its containers, network and volumes. Its plan
//! travels in a label of the volume that claims its name. So every verb works from another shell, after a crash, and with
//! the scenario file gone.

pub mod action;
#[cfg(test)]
mod architecture;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod dataset;
pub mod engine;
pub mod event;
pub mod exit;
pub mod failure;
pub mod hba;
pub mod image;
pub mod lab;
pub mod name;
pub mod plan;
#[cfg(feature = "cli")]
pub mod report;
pub mod run;
pub mod scenario;
pub mod server;
pub mod sql;
pub mod text;
pub mod units;
pub mod verify;
pub mod wait;
mod yaml;

// The command line speaks of the library by its name, as any program does.
#[cfg(feature = "cli")]
extern crate self as replication_lab;

pub use tokio_util::sync::CancellationToken;

/// The examples of the README and of the manual are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/library.md")]
struct Manual;
