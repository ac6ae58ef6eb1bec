//! Real PostgreSQL replication topologies on Docker, from one YAML file, proven to replicate.
//!
//! A [`Scenario`] is the file as it was written. A [`Plan`] is complete. A [`Lab`] runs on an [`Engine`]. [`Event`]s tell
//! what happens, a [`Failure`] why something did not, and [`Exit`] how the program ends. `docs/library.md` brings a lab up
//! in one screen; its example is compiled with this crate's tests.
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
//! it, [`lab`] owns the order of things, and [`engine`] is what it needs of Docker.
//!
//! `ARCHITECTURE.md` describes every module, the order in which they may use each other, and why. A test reads it.
//!
//! # What is remembered
//!
//! Nothing is remembered outside Docker. A lab is found by the labels of its containers, network and volumes. Its plan
//! travels in a label of the volume that claims its name. So every verb works from another shell, after a crash, and with
//! the scenario file gone.

// What a program uses.
pub mod engine;
pub mod event;
pub mod exit;
pub mod failure;
pub mod lab;
pub mod name;
pub mod plan;
pub mod run;
pub mod scenario;
pub mod verify;

// What the command line and the tests use besides. It may change at any time.
#[doc(hidden)]
pub mod action;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod dataset;
#[doc(hidden)]
pub mod hba;
#[doc(hidden)]
pub mod image;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod server;
#[doc(hidden)]
pub mod sql;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod units;
#[doc(hidden)]
pub mod wait;

#[cfg(test)]
mod architecture;
mod yaml;

pub use engine::Engine;
pub use event::Event;
pub use exit::Exit;
pub use failure::Failure;
pub use lab::Lab;
pub use plan::Plan;
pub use scenario::Scenario;

// The command line speaks of the library by its name, as any program does.
#[cfg(feature = "cli")]
extern crate self as replication_lab;

pub use tokio_util::sync::CancellationToken;

/// The examples of the README and of the manual are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/library.md")]
struct Manual;
