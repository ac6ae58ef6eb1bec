//! Why a call to the engine failed, and what a person can do about it.

use crate::failure::Explain;

/// The kind of a failure, as far as callers decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineErrorKind {
    /// Nothing answers at the engine's address.
    Unreachable,
    /// The engine's socket exists, but this user may not open it.
    PermissionDenied,
    /// `DOCKER_HOST` is not an address.
    BadAddress,
    /// The object does not exist.
    NotFound,
    /// The object exists already, is in use, or is in the wrong state.
    Conflict,
    /// The engine could not do it just now and changed nothing. A second attempt may succeed.
    Busy,
    /// The network's addresses overlap with those of another network.
    AddressOverlap,
    /// The engine has no addresses left for a network.
    AddressesExhausted,
    /// The host port that a container asks for is taken.
    PortTaken,
    /// A disk is full.
    NoSpace,
    /// The registry did not answer, or refused the image.
    Registry,
    /// Anything else. The source says what.
    Other,
}

/// A call to the engine that failed.
#[derive(Debug, thiserror::Error)]
#[error("{act}")]
pub struct EngineError {
    /// What was being done: "creating the network `lab-a`".
    pub act: String,
    /// What callers decide by.
    pub kind: EngineErrorKind,
    /// The engine's own words.
    #[source]
    pub source: EngineCause,
}

/// The engine's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineCause(pub String);

impl Explain for EngineError {
    fn hint(&self) -> Option<String> {
        let hint = match self.kind {
            EngineErrorKind::Unreachable => {
                "is Docker running? start it (`systemctl start docker`), or set DOCKER_HOST to its address; `lab doctor` checks more"
            }
            EngineErrorKind::PermissionDenied => {
                "your user may not open Docker's socket: run `sudo usermod -aG docker $USER`, then log in again"
            }
            EngineErrorKind::BadAddress => {
                "DOCKER_HOST must be unix:///path, tcp://host:port or ssh://user@host; unset it to use the default"
            }
            EngineErrorKind::AddressesExhausted | EngineErrorKind::AddressOverlap => {
                "other networks hold the addresses: `lab list` shows running labs, `lab gc` removes what crashed labs left, `docker network prune` removes other unused networks"
            }
            EngineErrorKind::PortTaken => {
                "another program or lab uses that port: choose another one, or omit `port` so that Docker chooses a free one"
            }
            EngineErrorKind::NoSpace => {
                "free space on Docker's disk: `docker system df` shows what uses it"
            }
            EngineErrorKind::Registry
            | EngineErrorKind::NotFound
            | EngineErrorKind::Conflict
            | EngineErrorKind::Busy
            | EngineErrorKind::Other => return None,
        };
        Some(hint.to_owned())
    }
}
