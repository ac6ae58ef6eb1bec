//! YAML with positions: a text is parsed once, into a tree in which every value knows where it stands.
//!
//! Owns what a text may be (its size, its characters, its tags), how a plain scalar is understood, how a value is read
//! into a type, and how an error is shown. Never knows what a key means.
//!
//! An alias stands where its anchor is: an error in a value that is written once is shown once, where it is written.
//!
//! The parser is a port of libyaml to safe Rust, so that a text means what it means to the YAML crate, which has the
//! same parser beneath. The YAML crate itself says what a number is. `parse.rs` names the one, `resolve.rs` the other.

pub mod diagnostic;
mod mapping;
mod parse;
mod read;
mod resolve;
mod syntax;
mod tree;

pub(crate) use parse::parse;
pub(crate) use read::SPELLED;
pub(crate) use syntax::{MOST_BYTES, SyntaxError, checked};
pub(crate) use tree::Problem;
pub(crate) use tree::{Entry, Node, Spot, Value};

#[cfg(test)]
mod tests;
