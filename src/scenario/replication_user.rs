//! The role that standbys connect as, and how it proves who it is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hba::Method;
use crate::name::{Secret, UserName};

/// The password authentication of the replication user (manual: "Password Authentication").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum AuthMethod {
    /// `md5`: what older tutorials use; deprecated since PostgreSQL 18.
    #[serde(rename = "md5")]
    Md5,
    /// `scram-sha-256`: PostgreSQL's default since 14.
    #[default]
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
        })
    }
}

impl From<AuthMethod> for Method {
    fn from(auth: AuthMethod) -> Self {
        match auth {
            AuthMethod::Md5 => Self::Md5,
            AuthMethod::ScramSha256 => Self::ScramSha256,
        }
    }
}

/// The role that standbys connect as, made with `REPLICATION LOGIN`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicationUser {
    /// The role's name.
    #[serde(default = "default_user")]
    pub name: UserName,
    /// The role's password. It reaches the standbys in a `.pgpass` file.
    #[serde(default = "default_password")]
    #[schemars(extend("default" = "replica123"))]
    pub password: Secret,
    /// `CONNECTION LIMIT`. Default: unlimited.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub connection_limit: Option<u32>,
}

impl Default for ReplicationUser {
    fn default() -> Self {
        Self {
            name: default_user(),
            password: default_password(),
            connection_limit: None,
        }
    }
}

fn default_user() -> UserName {
    UserName::new("replication_user").expect("a valid literal")
}

fn default_password() -> Secret {
    Secret::new("replica123").expect("a valid literal")
}
