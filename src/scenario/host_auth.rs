//! How a node's server lets in what connects from the host.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hba::Method;

/// The authentication of connections from the host (manual: "Authentication Methods").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostAuth {
    /// No password: every local user is superuser of the lab's servers.
    #[default]
    Trust,
    /// A random password, which `lab` makes for the lab and keeps in a password file that only you can read.
    Password,
}

impl HostAuth {
    /// Every value.
    pub const ALL: [Self; 2] = [Self::Trust, Self::Password];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    pub(crate) fn is_trust(&self) -> bool {
        *self == Self::Trust
    }
}

impl fmt::Display for HostAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trust => "trust",
            Self::Password => "password",
        })
    }
}

impl From<HostAuth> for Method {
    fn from(auth: HostAuth) -> Self {
        match auth {
            HostAuth::Trust => Self::Trust,
            HostAuth::Password => Self::ScramSha256,
        }
    }
}
