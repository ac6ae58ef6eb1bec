//! Lines of `pg_hba.conf` as they are written (manual: "The `pg_hba.conf` File").
//!
//! Owns the keys and what they mean to PostgreSQL. Never resolves a name: that is the checks' work.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::{DatabaseName, NodeName, UserName};

/// One line of a node's `pg_hba.conf`, besides those that the topology asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct HbaLine {
    /// Whether it matches connections with TLS, without, or both.
    #[schemars(rename = "type", default)]
    pub kind: ConnectionType,
    /// A database, `all`, or `replication` for physical replication.
    #[schemars(default = "every", with = "DatabaseName")]
    pub database: Database,
    /// A role, or `all`.
    #[schemars(default = "every", with = "UserName")]
    pub user: Option<UserName>,
    /// The origin: a node, a service, `gateway` for the host, or a network such as 10.0.0.0/8.
    pub address: Address,
    /// The authentication method.
    pub method: Method,
}

fn every() -> &'static str {
    "all"
}

/// The connection types of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionType {
    /// All by TCP.
    #[default]
    Host,
    /// Those with TLS.
    HostSsl,
    /// Those without TLS.
    HostNoSsl,
}

impl ConnectionType {
    /// All types.
    pub const ALL: [Self; 3] = [Self::Host, Self::HostSsl, Self::HostNoSsl];

    /// The word in `pg_hba.conf`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::HostSsl => "hostssl",
            Self::HostNoSsl => "hostnossl",
        }
    }

    /// Whether this is about every connection that `other` is about.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self == Self::Host || self == other
    }
}

/// The database of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// Every database; physical replication is none of them.
    All,
    /// That database. Logical replication connects to one, and `replication` does not mean it.
    Named(DatabaseName),
    /// Physical replication connections.
    Replication,
}

impl Database {
    /// Whether this is about every connection that `other` is about.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self == other || (*self == Self::All && *other != Self::Replication)
    }
}

/// The origin of a connection, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// The host, which the network's gateway stands for.
    Gateway,
    /// A node, or a service: both are hosts of the lab's network.
    Node(NodeName),
    /// A network.
    Network(Network),
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is neither the name of a node or a service, nor `gateway`, nor a network")]
pub struct AddressError {
    given: String,
    /// A suggestion.
    pub(crate) help: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(given: &str) -> Result<Self, AddressError> {
        if given == "gateway" {
            return Ok(Self::Gateway);
        }
        if let Ok(node) = NodeName::new(given) {
            return Ok(Self::Node(node));
        }
        given
            .parse()
            .map(Self::Network)
            .map_err(|error: NetworkError| {
                let help = error.to_string();
                let given = crate::text::shortened(given);
                AddressError { given, help }
            })
    }
}

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a node or a service, `gateway` for the host, or a network such as 10.0.0.0/8.",
            "type": "string", "pattern": "^([a-z][a-z0-9_]{0,31}|[0-9a-fA-F.:]+/[0-9]{1,3})$"
        })
    }
}

/// Addresses that begin with the same bits, in CIDR notation: `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Every IPv4 address.
    pub const ALL: Self = Self {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        bits: 0,
    };
}

/// How a network is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// There is no address at the start.
    #[error("a network is written as `10.0.0.0/8`")]
    NoAddress,
    /// There is nothing but an address.
    #[error("one address is written as `{address}/{most}`")]
    NoBits {
        /// The address.
        address: IpAddr,
        /// The bits that it has.
        most: u8,
    },
    /// After the `/` comes something else than a number of bits.
    #[error("after the `/` comes a number from 0 to {most}")]
    BadBits {
        /// The bits that an address has.
        most: u8,
    },
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(given: &str) -> Result<Self, NetworkError> {
        let (address, bits) = given
            .split_once('/')
            .map_or((given, None), |(address, bits)| (address, Some(bits)));
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(NetworkError::NoAddress);
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let Some(bits) = bits else {
            return Err(NetworkError::NoBits { address, most });
        };
        let is_number = bits.bytes().all(|byte| byte.is_ascii_digit());
        match bits.parse() {
            Ok(bits) if is_number && bits <= most => Ok(Self { address, bits }),
            _ => Err(NetworkError::BadBits { most }),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;
    fn try_from(given: String) -> Result<Self, NetworkError> {
        given.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

/// An authentication method (manual: "Authentication Methods").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Method {
    /// Not at all.
    #[serde(rename = "trust")]
    Trust,
    /// It cannot: the connection is refused.
    #[serde(rename = "reject")]
    Reject,
    /// By a password of which a hash is sent; also by `scram-sha-256` where the password is stored so.
    #[serde(rename = "md5")]
    Md5,
    /// By a password that is never sent.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// By a password as it stands.
    #[serde(rename = "password")]
    Password,
    /// By a TLS certificate that names the role. With `tls: true` each node has one for the replication user.
    #[serde(rename = "cert")]
    Cert,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 6] = [
        Self::Trust,
        Self::Reject,
        Self::Md5,
        Self::ScramSha256,
        Self::Password,
        Self::Cert,
    ];

    /// The word in `pg_hba.conf`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Reject => "reject",
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
            Self::Password => "password",
            Self::Cert => "cert",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_and_how_many_bits_of_it_count() {
        for good in ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "fd00::/8"] {
            let network: Network = good.parse().expect("a network");
            assert_eq!(network.to_string(), good);
        }
        for (bad, help) in [
            ("10.0.0.1", "one address is written as `10.0.0.1/32`"),
            ("::1", "one address is written as `::1/128`"),
            ("10.0.0.0/33", "after the `/` comes a number from 0 to 32"),
            ("10.0.0.0/+8", "after the `/` comes a number from 0 to 32"),
            ("10.0.0/8", "a network is written as `10.0.0.0/8`"),
            ("somewhere/8", "a network is written as `10.0.0.0/8`"),
        ] {
            let error = bad.parse::<Network>().expect_err("no network");
            assert_eq!(error.to_string(), help, "{bad}");
        }
    }
}
