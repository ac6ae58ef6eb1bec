//! The phases of a lab on the engine in memory: who gets a name, what fails, what is interrupted, what is left.
//!
//! Needs no Docker and no time: the clock stands still but for waits.

mod addresses;
mod claims;
mod cleanup;
mod failures;
mod lab;
mod nodes;
mod removal;
mod secrets;
