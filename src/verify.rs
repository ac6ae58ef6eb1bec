//! To come.

pub mod compare;
pub mod probe;
