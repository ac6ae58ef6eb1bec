//! Real PostgreSQL replication topologies on Docker, from one YAML file, proven to replicate.
//!
//! # What flows where
//!
//! ```text
//! scenario.yaml ─load→ Scenario ─resolve→ Plan │ ─up→ create, discover, configure, start, back up, stream, populate
//!                      (as written)  (complete)│      → Cluster ─verify→ Verdict ─→ Report → table │ JSON
//!                                              │      Events → Reporter (progress bars │ plain lines │ nothing)
//! ```
//!
//! Left of the bar nothing touches the outside world.

pub mod cluster;
pub mod dataset;
pub mod engine;
pub mod event;
pub mod exit;
pub mod image;
pub mod name;
pub mod plan;
pub mod postgres;
pub mod report;
pub mod scenario;
pub mod verify;
pub mod wait;
