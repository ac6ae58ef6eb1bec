//! To come.

pub mod catalog;
pub mod server_error;
