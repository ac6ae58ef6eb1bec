//! Replaces `tls.rs` in a library that is built without the feature `tls`. Nobody signs anything.

use std::convert::Infallible;

use crate::name::{LabName, NodeName, UserName};

/// A certificate that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("making certificates for lab `{0}`: this program was built without the feature `tls`")]
pub struct TlsError(LabName);

/// The authority, which cannot be made.
pub(super) struct Authority(Infallible);

/// What a node would prove itself with.
pub struct Identity {
    pub(super) root: String,
    pub(super) server: Pair,
    pub(super) client: Pair,
}

/// A certificate and its private key.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(lab: &LabName) -> Result<Self, TlsError> {
        Err(TlsError(lab.clone()))
    }

    pub(super) fn identity(&self, _: &NodeName, _: &UserName) -> Result<Identity, TlsError> {
        match self.0 {}
    }
}
