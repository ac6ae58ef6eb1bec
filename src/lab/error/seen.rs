//! What was seen in place of what was waited for: the ends of containers, limits that ran out, settings that are not in force.

use crate::text::count;

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContainerEnd {
    /// With an exit code.
    #[error("its container exited with code {0}")]
    Code(i64),
    /// Memory ran out, and the kernel killed it. With its exit code.
    #[error("its container ran out of memory: the kernel killed it (exit code {0})")]
    OutOfMemory(i64),
    /// It runs, and the kernel killed so many of its processes, for want of memory.
    #[error("its container ran out of memory: the kernel killed {} of it", count(*.0, "process"))]
    Killed(usize),
    /// It runs, but its output broke off.
    #[error("its container runs, but its output broke off")]
    Unheard,
    /// It is gone.
    #[error("its container is gone")]
    Gone,
    /// It runs, and its server refuses every connection, with these words.
    #[error("its server refuses every connection: {0}")]
    Refuses(String),
}

/// What was seen when a limit ran out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Late(pub String);

/// Settings that did not take effect on a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct NotTaken(pub Vec<String>);
