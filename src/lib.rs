//! Real PostgreSQL replication topologies on Docker, from one YAML file, proven to replicate.
//!
//! The README has the library in a screen; that example is compiled with this crate's tests.
//!
//! # What flows where
//!
//! ```text
//! scenario.yaml ─load→ Scenario ─resolve→ Plan │ ─up→ create, discover, configure, start, back up, stream, populate
//!                      (as written)  (complete)│      → Lab ─verify→ Verdict ─→ Report → table │ JSON
//!                                              │      Events → Reporter (progress bars │ plain lines │ nothing)
//! ```
//!
//! Left of the bar nothing touches the outside world: [`scenario`] and [`plan`] are pure, take microseconds, and
//! `lab plan` prints what they say. Right of it, [`lab`] owns the order of things, [`engine`] is what it needs of
//! Docker and [`postgres`] what it needs of PostgreSQL.
//!
//! # Who may use whom
//!
//! ```text
//! cli → cluster, verify, report → image, dataset → engine, postgres → plan, scenario → name
//! ```
//!
//! [`event`] and [`wait`] are leaves. One file each names a foreign world: `engine/docker.rs` with its folder names
//! bollard, `scenario/load.rs` the YAML crate, `postgres/client.rs` opens connections.
//!
//! # What is remembered
//!
//! Nothing. A lab is found by the labels of its containers, network and volumes; its plan travels in a label of the
//! volume that claims its name. So every verb works from another shell, after a crash, and with the scenario file gone.

pub mod action;
pub mod dataset;
pub mod engine;
pub mod event;
pub mod exit;
pub mod failure;
pub mod image;
pub mod lab;
pub mod name;
pub mod plan;
pub mod report;
pub mod run;
pub mod scenario;
pub mod server;
pub mod sql;
pub mod text;
pub mod verify;
pub mod wait;

pub use tokio_util::sync::CancellationToken;

/// The README's example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
