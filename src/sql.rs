//! SQL as text: its tokens, and everything that they tell without a server.
//!
//! Owns the one lexer. On it are built the statements of a file, the quotes around a place, passwords, and the tables of
//! `CREATE TABLE`. Never says what else a statement does, and never talks to a server.

mod cursor;
pub mod expression;
pub mod lexer;
#[cfg(test)]
mod odd;
pub mod one;
pub mod password;
pub mod quote;
pub mod script;
pub mod tables;

/// An SQL file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlFile {
    /// The file's name, as errors show it.
    pub name: String,
    /// Its content.
    pub text: String,
}
